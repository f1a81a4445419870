import unittest

from harness.pgbench import parse

OUTPUT = """transaction type: script.sql
query mode: prepared
number of transactions actually processed: 4
number of failed transactions: {failed} (0.000%)
latency average = 0.167 ms
initial connection time = 1.942 ms
tps = 5985.249021 (without initial connection time)
"""
LOG = ["0 1 300 0 1700000000 100", "0 2 100 0 1700000000 200", "1 1 200 0 1700000000 300", "1 2 400 0 1700000000 4"]


class Parse(unittest.TestCase):
    def test_reads_speed_and_latency(self):
        run = parse(OUTPUT.format(failed=0), LOG)
        self.assertEqual((run.qps, run.transactions), (5985.249021, 4))
        self.assertEqual((run.p50_ms, run.p95_ms, run.p99_ms), (0.2, 0.4, 0.4))

    def test_failures_are_not_a_measurement(self):
        with self.assertRaises(ValueError):
            parse(OUTPUT.format(failed=1), LOG)
        with self.assertRaises(ValueError):
            parse(OUTPUT.format(failed=0), [])
        with self.assertRaises(ValueError):
            parse("connection refused", LOG)
