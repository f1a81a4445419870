import tempfile
import unittest
from pathlib import Path

from harness import cold_report, report

from .test_summary import result

try:
    import numpy
    import psycopg
except ImportError:
    numpy = psycopg = None
else:
    from harness import cold, pages
    from harness.dataset import Dataset

with_packages = unittest.skipIf(psycopg is None, "numpy and psycopg are not installed; build/bench/venv has them")


def point(recall, index, table, queries=100):
    return {"value": 10, "recall": recall, "queries": queries, "index_read": index, "index_hit": 1.0,
            "table_read": table, "table_hit": 2.0, "disk_bytes": 24_000.0, "p50_ms": 1.5, "p95_ms": 2.0, "p99_ms": 3.0}


def cold_result():
    """The old system reads 100 to 1,000 pages, the new one a tenth of that in the index and as much in the table."""
    data = result()
    new, old = data["systems"]
    new["cold"] = [{"readings": ["own"], "shared_buffers": 2_000_000, "not_dropped": None,
                    "points": [point(0.9, 10.0, 100.0), point(0.99, 100.0, 1000.0)]}]
    old["cold"] = [{"readings": ["own", "same"], "shared_buffers": 8_000_000, "not_dropped": None,
                    "points": [point(0.9, 100.0, 0.0), point(0.99, 1000.0, 0.0)]}]
    return data


class CostAt(unittest.TestCase):
    POINTS = [point(0.9, 100.0, 5.0), point(0.99, 1000.0, 5.0)]

    def at(self, recall):
        return cold_report.cost_at(self.POINTS, cold_report.COSTS["index pages read"], recall, 1e-4)

    def test_measured_points_are_met(self):
        self.assertAlmostEqual(self.at(0.9), 100)
        self.assertAlmostEqual(self.at(0.99), 1000)

    def test_between_points_the_cost_rises(self):
        self.assertTrue(100 < self.at(0.95) < self.at(0.97) < 1000)

    def test_nothing_is_extrapolated(self):
        self.assertIsNone(self.at(0.89))
        self.assertIsNone(self.at(0.995))

    def test_nothing_read_is_half_a_page_in_all(self):
        cost = cold_report.COSTS["index pages read"]
        self.assertAlmostEqual(cold_report.cost_at([point(0.9, 0.0, 0.0)], cost, 0.9, 1e-4), 0.005)


class Tables(unittest.TestCase):
    def test_costs_and_ratios_at_equal_recall(self):
        text = report.markdown(cold_result())
        own = text[text.index("a quarter of the system's own index"):text.index("the same for all")]
        self.assertIn("| **new ÷ old** | 0.100× | 0.100× | 0.100× | 0.100× |", own)  # of the index
        self.assertIn("| **new ÷ old** | 1.100× | 1.100× | 1.100× | 1.100× |", own)  # with the table
        self.assertIn("| new | 2.0 | hnsw.ef_search 10 | 0.9000 | 10.0 | 1.0 | 100.0 | 2.0 | 24 | 1.50 | 2.00 | 3.00 |",
                      own)

    def test_a_reading_shows_its_own_runs_alone(self):
        text = report.markdown(cold_result())
        same = text[text.index("the same for all"):]
        self.assertIn("| old | 8.0 |", same)
        self.assertNotIn("| new | 2.0 |", same)

    def test_a_cache_that_stayed_is_said(self):
        data = cold_result()
        self.assertIn("cache was dropped at the start", report.markdown(data))
        data["systems"][0]["cold"][0]["not_dropped"] = "x: Permission denied"
        self.assertIn("cache was not dropped at the start (x: Permission denied)", report.markdown(data))

    def test_without_such_a_run_there_is_no_section(self):
        self.assertNotIn("Larger than memory", report.markdown(result()))


@with_packages
class Measurement(unittest.TestCase):
    def test_buffers_are_a_quarter_in_whole_pages(self):
        self.assertEqual(cold.buffers(8192 * 1000), 8192 * 250)
        self.assertEqual(cold.buffers(8192 * 1003), 8192 * 250)
        self.assertEqual(cold.buffers(8192), 2**20)

    def test_equal_sizes_are_measured_once(self):
        small, large = ({"builds": [{"index_bytes": size}]} for size in (8 * 2**20, 80 * 2**20))
        self.assertEqual(cold.memories(small, large), {2 * 2**20: ["own"], 20 * 2**20: ["same"]})
        self.assertEqual(cold.memories(large, large), {20 * 2**20: ["own", "same"]})
        self.assertEqual(cold.memories(small, None), {2 * 2**20: ["own"]})

    def test_other_queries_come_first(self):
        self.assertEqual(cold.split(1000, 200), (range(200), range(200, 400)))
        self.assertEqual(cold.split(101, 200), (range(50), range(50, 100)))
        with self.assertRaises(ValueError):
            cold.split(1, 200)

    def test_counters_become_pages_a_query(self):
        self.assertEqual(pages.per_query((10, 20, 30, 40), (20, 20, 35, 140), 10),
                         {"index_read": 1.0, "index_hit": 0.0, "table_read": 0.5, "table_hit": 10.0})

    def test_segments_of_a_relation(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("16384", "16384.1", "16384_fsm", "163841", "16384.12"):
                (Path(folder) / name).touch()
            self.assertEqual([path.name for path in cold.segments(Path(folder) / "16384")],
                             ["16384", "16384.1", "16384.12"])

    def test_files_can_be_forgotten(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.write_bytes(b"x" * 8192)
            with cold.Files([path]) as files:
                files.write()
                files.forget()
            self.assertEqual(path.read_bytes(), b"x" * 8192)

    def test_a_part_of_the_queries_keeps_their_truth(self):
        random = numpy.random.default_rng(1)
        data = Dataset("t", random.normal(size=(50, 4)), random.normal(size=(6, 4)))
        data.kth_distances(5)
        some = data.part(range(2, 5))
        alone = Dataset("t", data.base, data.query[2:5])
        self.assertEqual(some.kth_distances(5).tolist(), alone.kth_distances(5).tolist())
        self.assertEqual(some.nearest[:, :5].tolist(), alone.nearest[:, :5].tolist())
