import unittest

from harness import type_report


def result(ours, theirs, own_io=True, what="COPY FROM, text", measure="cpu", name="vector(3)"):
    runs = {"vectorx": [{"wall": 9.0, measure: t} for t in ours], "pgvector": [{"wall": 9.0, measure: t} for t in theirs]}
    return {"reference": "pgvector", "cases": [{"type": name, "rows": 5, "own_io": own_io, "operators": ["<->", "<~>"],
                                                "runs": {what: runs}}]}


class Slower(unittest.TestCase):
    def test_the_median_of_the_ratios_of_the_rounds_decides(self):
        # The medians of the times would say 1.5: the machine was slow in two rounds out of three.
        self.assertEqual(type_report.slower(result([1.0, 3.0, 3.0], [1.0, 2.9, 4.0]), 0.05), [])
        (line,) = type_report.slower(result([1.0, 2.2, 3.3], [1.0, 2.0, 3.0]), 0.05)
        self.assertIn("vector(3) COPY FROM, text: 1.10×", line)

    def test_the_tolerance(self):
        self.assertEqual(type_report.slower(result([1.04], [1.0]), 0.05), [])
        self.assertEqual(len(type_report.slower(result([1.04], [1.0]), 0.03)), 1)

    def test_work_of_postgresql_itself_is_not_judged(self):
        self.assertEqual(type_report.slower(result([2.0], [1.0], own_io=False), 0.05), [])
        self.assertEqual(len(type_report.slower(result([2.0], [1.0], own_io=False, what="<~>"), 0.05)), 1)

    def test_long_vectors_are_read_three_times_as_fast(self):
        def judge(name, what, ratio):
            return len(type_report.slower(result([ratio], [1.0], name=name, what=what), 0.05))

        self.assertEqual(judge("vector(1536)", "input function", 0.33), 0)
        self.assertEqual(judge("vector(1536)", "input function", 0.34), 1)
        self.assertEqual(judge("vector(1536)", "output function", 1.0), 0)
        self.assertEqual(judge("vector(1536)", "output function", 1.06), 1)
        self.assertEqual(judge("vector(384)", "input function", 1.0), 0)
        self.assertEqual(judge("halfvec(1536)", "input function", 1.0), 0)

    def test_wall_time_where_the_system_gives_no_cpu_time(self):
        self.assertEqual(type_report.measure_of(result([1.0], [1.0])), "cpu")
        self.assertEqual(type_report.measure_of(result([2.0], [1.0], measure="other")), "wall")
        self.assertEqual(type_report.slower(result([2.0], [1.0], measure="other"), 0.05), [])


class Table(unittest.TestCase):
    def test_a_row(self):
        self.assertIn("| vector(3) | 5 | COPY FROM, text | 1,000.0 | 500.0 | 0.50× |",
                      type_report.table(result([0.5], [1.0])))

    def test_what_is_an_operator(self):
        self.assertIn("| `ORDER BY v <-> …` |", type_report.table(result([0.5], [1.0], what="<->")))
        self.assertIn("| input function |", type_report.table(result([0.5], [1.0], what="input function")))
