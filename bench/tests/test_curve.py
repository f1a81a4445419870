import math
import unittest

from harness.curve import frontier, median, percentile, qps_at

STEP = 1e-4


class Frontier(unittest.TestCase):
    def test_drops_what_another_point_beats(self):
        self.assertEqual(frontier([(0.9, 100), (0.95, 120), (0.99, 50)]), [(0.95, 120), (0.99, 50)])

    def test_keeps_a_falling_curve_in_order_of_recall(self):
        self.assertEqual(frontier([(0.99, 50), (0.9, 100)]), [(0.9, 100), (0.99, 50)])

    def test_equal_points_remain_once(self):
        self.assertEqual(frontier([(0.9, 100), (0.9, 100), (0.9, 90)]), [(0.9, 100)])


class QpsAt(unittest.TestCase):
    CURVE = [(0.9, 1000.0), (0.99, 100.0)]

    def test_measured_points_are_met(self):
        self.assertAlmostEqual(qps_at(self.CURVE, 0.9, STEP), 1000)
        self.assertAlmostEqual(qps_at(self.CURVE, 0.99, STEP), 100)

    def test_a_tenth_of_the_misses_is_a_tenth_of_the_speed(self):
        # The line in log-log: at the geometric mean of the misses stands the geometric mean of the speeds.
        self.assertAlmostEqual(qps_at(self.CURVE, 1 - math.sqrt(0.1 * 0.01), STEP), math.sqrt(1000 * 100))

    def test_nothing_is_extrapolated(self):
        self.assertIsNone(qps_at(self.CURVE, 0.89, STEP))
        self.assertIsNone(qps_at(self.CURVE, 0.991, STEP))
        self.assertIsNone(qps_at([], 0.9, STEP))

    def test_the_segment_that_holds_the_recall_is_used(self):
        curve = [(0.9, 1000.0), (0.95, 800.0), (0.99, 100.0)]
        self.assertAlmostEqual(qps_at(curve, 0.95, STEP), 800)
        self.assertTrue(800 < qps_at(curve, 0.93, STEP) < 1000)
        self.assertTrue(100 < qps_at(curve, 0.97, STEP) < 800)

    def test_order_of_points_does_not_matter(self):
        self.assertEqual(qps_at(self.CURVE, 0.95, STEP), qps_at(self.CURVE[::-1], 0.95, STEP))

    def test_a_slower_point_of_lower_recall_is_never_preferred(self):
        curve = [(0.9, 500.0), (0.95, 600.0), (0.99, 100.0)]
        self.assertEqual(qps_at(curve, 0.92, STEP), 600)

    def test_perfect_recall_is_finite(self):
        curve = [(0.99, 400.0), (1.0, 100.0)]
        self.assertAlmostEqual(qps_at(curve, 1.0, STEP), 100)
        self.assertTrue(100 < qps_at(curve, 0.995, STEP) < 400)

    def test_one_point(self):
        self.assertEqual(qps_at([(0.95, 700.0)], 0.95, STEP), 700)
        self.assertIsNone(qps_at([(0.95, 700.0)], 0.94, STEP))


class Order(unittest.TestCase):
    def test_median(self):
        self.assertEqual(median([3, 1, 2]), 2)
        self.assertEqual(median([4, 1, 2, 3]), 2.5)
        with self.assertRaises(ValueError):
            median([])

    def test_percentile_is_a_measured_value(self):
        values = list(range(1, 101))
        self.assertEqual([percentile(values, p) for p in (1, 50, 95, 99, 100)], [1, 50, 95, 99, 100])
        self.assertEqual(percentile([7], 50), 7)
        with self.assertRaises(ValueError):
            percentile([], 50)
