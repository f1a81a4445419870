import argparse
import unittest

try:
    import psycopg
    from harness.comparison import interleaved
    from harness.options import count, grow_parser, numbers, run_parser, server_settings
    from harness.systems import parse
except ImportError:
    psycopg = None

with_packages = unittest.skipIf(psycopg is None, "numpy and psycopg are not installed; build/bench/venv has them")


@with_packages
class Numbers(unittest.TestCase):
    def test_from_one_up(self):
        self.assertEqual(numbers("10,300"), [10, 300])
        for read, text in ((numbers, "10,0"), (numbers, "-1"), (count, "0")):
            with self.assertRaises(argparse.ArgumentTypeError):
                read(text)


@with_packages
class Parsers(unittest.TestCase):
    def test_both_programs_measure_the_same_by_default(self):
        run, grow = run_parser().parse_args([]), grow_parser().parse_args([])
        for name in ("systems", "against", "metric", "k", "m", "ef_construction", "workers", "shared_buffers"):
            self.assertEqual(getattr(run, name), getattr(grow, name), name)
        self.assertEqual((run.clients, grow.sizes), ([1, 2], [10_000, 30_000, 100_000]))
        self.assertFalse(run.cold)

    def test_each_library_is_preloaded_once_if_its_system_takes_part(self):
        options = run_parser().parse_args([])
        self.assertEqual(server_settings(options, parse("vectorx,vchordrq,vchordg"))["shared_preload_libraries"], "vchord")
        self.assertEqual(server_settings(options, parse("vectorx"))["shared_preload_libraries"], "")


@with_packages
class Turns(unittest.TestCase):
    def test_every_other_round_is_backwards(self):
        self.assertEqual([interleaved([1, 2, 3], number) for number in range(3)], [[1, 2, 3], [3, 2, 1], [1, 2, 3]])
