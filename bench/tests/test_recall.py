import unittest

from harness.recall import Answer, judge, summarize


class Judge(unittest.TestCase):
    def test_a_tie_with_the_kth_neighbour_counts(self):
        # Rows 7 and 8 are equally far; the truth lists one of them, the system may return the other.
        self.assertEqual(judge([1, 8], [0.1, 0.2], kth=0.2, k=2).hits, 2)

    def test_a_farther_row_does_not_count(self):
        self.assertEqual(judge([1, 8], [0.1, 0.2001], kth=0.2, k=2).hits, 1)

    def test_float32_rounding_is_a_tie(self):
        self.assertEqual(judge([1], [0.2 + 5e-7], kth=0.2, k=1).hits, 1)
        self.assertEqual(judge([1], [0.2 + 5e-6], kth=0.2, k=1).hits, 0)

    def test_tolerance_grows_with_large_distances(self):
        self.assertEqual(judge([1], [1000.0005], kth=1000.0, k=1).hits, 1)
        self.assertEqual(judge([1], [1000.01], kth=1000.0, k=1).hits, 0)

    def test_negative_inner_products(self):
        self.assertEqual(judge([1, 2], [-5.0, -3.0], kth=-3.0, k=2).hits, 2)
        self.assertEqual(judge([1, 2], [-5.0, -2.9], kth=-3.0, k=2).hits, 1)

    def test_a_repeated_row_counts_once(self):
        answer = judge([1, 1], [0.1, 0.1], kth=0.2, k=2)
        self.assertEqual((answer.hits, answer.repeated), (1, True))

    def test_missing_rows_are_misses(self):
        answer = judge([1], [0.1], kth=0.2, k=2)
        self.assertEqual((answer.hits, answer.short), (1, True))
        self.assertEqual(judge([], [], kth=0.2, k=2).hits, 0)

    def test_too_many_rows_are_refused(self):
        with self.assertRaises(ValueError):
            judge([1, 2, 3], [0.1, 0.1, 0.1], kth=0.2, k=2)

    def test_order(self):
        self.assertTrue(judge([1, 2, 3], [0.1, 0.1, 0.2], kth=0.2, k=3).sorted)
        self.assertTrue(judge([1, 2], [0.1 + 5e-7, 0.1], kth=0.2, k=2).sorted)
        self.assertFalse(judge([1, 2], [0.15, 0.1], kth=0.2, k=2).sorted)


class Summarize(unittest.TestCase):
    def test_recall_is_hits_over_everything_asked_for(self):
        answers = [Answer(10, True, False, False), Answer(5, False, True, True)]
        found = summarize(answers, k=10)
        self.assertAlmostEqual(found.recall, 0.75)
        self.assertEqual((found.queries, found.unsorted, found.short, found.repeated), (2, 1, 1, 1))

    def test_no_answers(self):
        with self.assertRaises(ValueError):
            summarize([], k=10)
