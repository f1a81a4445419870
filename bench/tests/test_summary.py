import unittest

from harness import report, summary


def system(name, seconds, qps):
    """A system with two points, recall 0.9 and 0.99, measured in two rounds: qps[round][point]."""
    runs = [[{"round": number, "clients": 1, "qps": line[point], "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0}
             for number, line in enumerate(qps)] for point in (0, 1)]
    return {
        "name": name, "extension": name, "version": "1.0", "sweep": "hnsw.ef_search", "table_bytes": 8e6,
        "builds": [{"seconds": s, "workers": 2, "index_bytes": 5e6, "peak_bytes": 9e6, "notices": []}
                   for s in seconds],
        "points": [{"value": value, "recall": recall, "plan": "generic", "unsorted": 0, "short": 0, "repeated": 0,
                    "runs": runs[point]} for point, (value, recall) in enumerate(((10, 0.9), (80, 0.99)))],
        "inserts": [],
    }


def result():
    return {
        "started": "2026-01-01", "commit": "abc", "rounds": [{"round": 0, "load": 0.1}, {"round": 1, "load": 0.2}],
        "dataset": {"name": "d", "rows": 100, "queries": 10, "dims": 3, "metric": "cosine"},
        "machine": {"cpu": "c", "cores": 2, "memory_bytes": 2**30, "system": "s", "flags": []},
        "server": {"version": "PostgreSQL 15"},
        "settings": {"k": 10, "against": "old", "clients": [1], "seconds": 1},
        "floor": [{"round": 0, "clients": 1, "qps": 9000.0, "p50_ms": 0.1, "p95_ms": 0.1, "p99_ms": 0.1}],
        # The machine is twice as slow in the second round, for both alike.
        "systems": [system("new", [1.0, 3.0], [[4000.0, 400.0], [2000.0, 200.0]]),
                    system("old", [6.0, 6.0], [[1000.0, 100.0], [500.0, 50.0]])],
    }


class Summary(unittest.TestCase):
    def test_ratios_come_from_the_same_round(self):
        data = result()
        found = summary.ratio(data, data["systems"][0], data["systems"][1], 1, 0.95)
        self.assertAlmostEqual(found.middle, 4.0)
        self.assertAlmostEqual(found.low, 4.0)
        self.assertAlmostEqual(found.high, 4.0)

    def test_speed_spans_the_rounds(self):
        data = result()
        found = summary.speed(data, data["systems"][0], 1, 0.99)
        for measured, expected in zip((found.low, found.middle, found.high), (200, 300, 400)):
            self.assertAlmostEqual(measured, expected)

    def test_outside_of_the_measured_range_there_is_no_ratio(self):
        data = result()
        self.assertIsNone(summary.ratio(data, data["systems"][0], data["systems"][1], 1, 0.995))
        self.assertIsNone(summary.ratio(data, data["systems"][0], data["systems"][1], 4, 0.95))


class Text(unittest.TestCase):
    def test_a_spread_is_shown_where_it_can_be_seen(self):
        self.assertEqual(summary.Spread(2.0, 1.5, 2.5).text(1, "×"), "2.0× (1.5–2.5)")
        self.assertEqual(summary.Spread(2.0, 1.999, 2.001).text(2), "2.00")
        self.assertEqual(summary.Spread(12345.0, 12345.0, 12345.0).text(), "12,345")


class Report(unittest.TestCase):
    def test_tables(self):
        text = report.markdown(result())
        self.assertIn("| new | 2.00 (1.00–3.00) | 2 | 5.0 | 9.0 | 8.0 | 3.00× | 1.00× |", text)
        self.assertIn("| **new ÷ old** | 4.00× | 4.00× | 4.00× | 4.00× |", text)
        self.assertIn("| old | hnsw.ef_search 80 | 0.9900 | 75 (50–100) |", text)
        self.assertIn("| executor floor |  |  | 9,000 |", text)

    def test_not_measured_is_said(self):
        data = result()
        for entry in data["systems"]:
            entry["points"] = entry["points"][:1]
        self.assertIn("| **new ÷ old** | 4.00× | n/a | n/a | n/a | n/a | n/a |", report.markdown(data))

    def test_a_library_in_process_has_neither_latencies_nor_table(self):
        data = result()
        library = data["systems"][0]
        library["table_bytes"] = library["builds"][0]["peak_bytes"] = library["builds"][1]["peak_bytes"] = None
        for point in library["points"]:
            point["runs"] = [{key: run[key] for key in ("round", "clients", "qps")} for run in point["runs"]]
        text = report.markdown(data)
        self.assertIn("| new | 2.00 (1.00–3.00) | 2 | 5.0 | n/a | n/a | 3.00× | 1.00× |", text)
        self.assertIn("| new | hnsw.ef_search 10 | 0.9000 | 3,000 (2,000–4,000) | n/a | n/a | n/a | none |", text)

    def test_faults_are_shown(self):
        data = result()
        data["systems"][0]["points"][0]["unsorted"] = 3
        self.assertIn("3 unsorted", report.markdown(data))
