import unittest

from harness import power


class Fit(unittest.TestCase):
    def test_a_power_law_is_found(self):
        law = power.fit((x, 3 * x**1.25) for x in (10, 30, 100, 1000))
        self.assertAlmostEqual(law.exponent, 1.25)
        self.assertAlmostEqual(law.factor, 3)
        self.assertAlmostEqual(law.error, 0)
        self.assertAlmostEqual(law.at(20), 3 * 20**1.25)

    def test_noise_is_in_the_error(self):
        law = power.fit([(1, 1.0), (10, 20.0), (100, 100.0)])
        # By hand, in powers of ten: y = 0, log 20, 2; the slope is 1, the middle one lies 0.301 above the line.
        self.assertAlmostEqual(law.exponent, 1.0)
        self.assertAlmostEqual(law.error, (0.30103**2 * 2 / 3 / 1 / 2) ** 0.5, places=4)

    def test_two_points_say_nothing_about_the_error(self):
        law = power.fit([(10, 5.0), (100, 50.0)])
        self.assertAlmostEqual(law.exponent, 1.0)
        self.assertIsNone(law.error)

    def test_one_size_has_no_exponent(self):
        self.assertIsNone(power.fit([(10, 5.0), (10, 6.0)]))
        self.assertIsNone(power.fit([]))
