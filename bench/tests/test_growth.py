import unittest

from harness import growth_report

from .test_summary import result

try:
    import psycopg
    from harness.growth import around
except ImportError:
    psycopg = None


def growth():
    """Two sizes; at the second all costs of the old system are ten times, of the new one five times those of the first."""
    first = result()
    sizes = []
    for rows, old, new in ((1000, 1, 1), (10000, 10, 5)):
        data = result()
        for system, times in zip(data["systems"], (new, old)):
            for build in system["builds"]:
                build["seconds"] *= times
                build["index_bytes"] *= times
            for point in system["points"]:
                point.update(queries=10, index_read=0, index_hit=100 * times)
                for run in point["runs"]:
                    run["qps"] /= times
        sizes.append({"rows": rows, "systems": data["systems"], "rounds": data["rounds"], "floor": []})
    like = {"nearest": (0.1, 0.2, 0.3), "tenth": (0.2, 0.3, 0.4), "query": (0.3, 0.4, 0.5), "dimension": 11.0,
            "duplicates": 0.02}
    return {"started": "2026-01-01", "commit": "abc", "dataset": first["dataset"], "machine": first["machine"],
            "server": first["server"], "generator": {"reach": 0.9, "half": like, "real": like, "grown": like},
            "settings": {"against": "old", "k": 10, "seed": 0, "recall": 0.9, "rounds": 2, "seconds": 1, "workers": 2},
            "sizes": sizes}


class Costs(unittest.TestCase):
    def test_exponents(self):
        for what in growth_report.COSTS:
            self.assertAlmostEqual(growth_report.exponent(growth(), "old", what).exponent, 1.0)
            self.assertAlmostEqual(growth_report.exponent(growth(), "new", what).exponent, 0.69897, places=4)

    def test_query_time_is_that_at_the_recall(self):
        # 4,000 and 2,000 queries a second in the two rounds.
        self.assertAlmostEqual(growth_report.costs(growth(), "new", "query ms")[0][1], 1 / 3)

    def test_a_recall_that_was_not_reached_is_left_out(self):
        data = growth()
        data["settings"]["recall"] = 0.995
        self.assertEqual(growth_report.costs(data, "new", "query ms"), [(1000, None), (10000, None)])
        self.assertIsNone(growth_report.exponent(data, "new", "query ms"))
        self.assertIn("| new | n/a | n/a | n/a |", growth_report.markdown(data))


class Tables(unittest.TestCase):
    def test_costs_ratios_and_exponents(self):
        text = growth_report.markdown(growth())
        self.assertIn("| build s | 1,000 rows | 10,000 rows | exponent |", text)
        self.assertIn("| old | 6.00 | 60.00 | 1.00 |", text)
        self.assertIn("| new | 2.00 | 10.00 | 0.70 |", text)
        self.assertIn("| **new ÷ old** | 0.333× | 0.167× |  |", text)
        self.assertIn("| index pages a query | 1,000 rows | 10,000 rows | exponent |\n|---|---|---|---|\n"
                      "| new | 100 | 500 | 0.70 |", text)
        self.assertIn("| all, of which half are real | 0.100 / 0.200 / 0.300 |", text)

    def test_real_rows_alone_need_no_comparison(self):
        data = growth()
        data["generator"] = None
        self.assertNotIn("Made rows", growth_report.markdown(data))

    def test_without_the_reference_there_are_no_ratios(self):
        data = growth()
        data["settings"]["against"] = "other"
        self.assertNotIn("÷", growth_report.markdown(data))


@unittest.skipIf(psycopg is None, "numpy and psycopg are not installed; build/bench/venv has them")
class Around(unittest.TestCase):
    def test_the_points_on_both_sides(self):
        self.assertEqual(around([0.8, 0.9, 0.97], 0.95), [1, 2])
        self.assertEqual(around([0.8, 0.95], 0.95), [0, 1])

    def test_nothing_outside_of_the_range(self):
        self.assertEqual(around([0.96, 0.99], 0.95), [])
        self.assertEqual(around([0.8, 0.9], 0.95), [])
        self.assertEqual(around([], 0.95), [])
