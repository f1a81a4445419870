import gzip
import struct
import tempfile
import unittest
from pathlib import Path

try:
    import numpy
    import psycopg
except ImportError:
    numpy = psycopg = None
else:
    from harness import copy_binary, table
    from harness.dataset import Dataset, distances, exact_neighbours, read_copy_text

with_packages = unittest.skipIf(psycopg is None, "numpy and psycopg are not installed; build/bench/venv has them")


@with_packages
class Truth(unittest.TestCase):
    def setUp(self):
        random = numpy.random.default_rng(1)
        self.base = random.normal(size=(500, 16)).astype(numpy.float16)
        self.query = random.normal(size=(20, 16)).astype(numpy.float16)

    def test_exact_neighbours_are_those_of_sorting_everything(self):
        for metric in ("cosine", "l2", "ip"):
            found = exact_neighbours(self.base, self.query, metric, 10)
            for q, row in enumerate(found):
                every = distances(self.base, self.query[q], metric)
                self.assertEqual(row.tolist(), numpy.argsort(every, kind="stable")[:10].tolist(), metric)

    def test_distances(self):
        rows = numpy.array([[3.0, 4.0], [1.0, 0.0]])
        query = numpy.array([1.0, 0.0])
        numpy.testing.assert_allclose(distances(rows, query, "l2"), [20**0.5, 0])
        numpy.testing.assert_allclose(distances(rows, query, "ip"), [-3, -1])
        numpy.testing.assert_allclose(distances(rows, query, "cosine"), [0.4, 0])

    def test_the_truth_has_recall_one_and_wrong_rows_have_not(self):
        data = Dataset("t", self.base, self.query)
        truth = exact_neighbours(self.base, self.query, "cosine", 20)
        self.assertEqual(data.judge(truth[:, :10].tolist(), 10).recall, 1.0)
        self.assertEqual(data.judge(truth[:, 10:].tolist(), 10).recall, 0.0)
        self.assertEqual(data.judge(truth[:, 9::-1].tolist(), 10).unsorted, len(self.query))

    def test_equal_rows_stand_for_each_other(self):
        base = numpy.concatenate([self.base, self.base])
        truth = exact_neighbours(self.base, self.query, "cosine", 10)
        twins = numpy.concatenate([truth[:, :5], truth[:, :5] + len(self.base)], axis=1)
        order = numpy.argsort(twins % len(self.base), axis=1, kind="stable")
        data = Dataset("t", base, self.query)
        self.assertEqual(data.judge(numpy.take_along_axis(twins, order, axis=1).tolist(), 10).recall, 1.0)

    def test_rows_that_do_not_exist_are_refused(self):
        data = Dataset("t", self.base, self.query)
        with self.assertRaises(ValueError):
            data.judge([[500]] * len(self.query), 10)


@with_packages
class Sample(unittest.TestCase):
    def test_the_last_column_is_the_vector(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.copy.gz"
            path.write_bytes(gzip.compress("1\tname, [x]\t[0.5,-1]\n2\t\\N\t[2e-05,3]\n".encode()))
            self.assertEqual(read_copy_text(path).tolist(), numpy.float32([[0.5, -1], [2e-05, 3]]).tolist())


@with_packages
class CopyBinary(unittest.TestCase):
    def test_records_are_what_the_receive_functions_read(self):
        vectors = numpy.array([[1.0, -2.5], [0.5, 3.0], [0.0, 7.0]], dtype=numpy.float16)
        expected = copy_binary.HEADER
        for row, (x, y) in enumerate(vectors.tolist()):
            expected += struct.pack(">hiiihhff", 2, 4, row, 12, 2, 0, x, y)
        expected += struct.pack(">h", -1)
        self.assertEqual(b"".join(copy_binary.rows(vectors, block=2)), expected)

    def test_halfvec(self):
        data = b"".join(copy_binary.rows(numpy.array([[1.0, -2.5]]), "halfvec"))
        self.assertEqual(data, copy_binary.HEADER + struct.pack(">hiiihhee", 2, 4, 0, 8, 2, 0, 1.0, -2.5) + b"\xff\xff")


@with_packages
class TableData(unittest.TestCase):
    def data(self, *records):
        return copy_binary.HEADER + b"".join(records) + copy_binary.TRAILER

    def test_vectors_are_read(self):
        one = struct.pack(">hihhff", 1, 12, 2, 0, 1.5, -2.0)
        two = struct.pack(">hihhff", 1, 12, 2, 0, 0.25, 3.0)
        found = table.parse(self.data(one, two), "vector")
        self.assertEqual(found.tolist(), [[1.5, -2.0], [0.25, 3.0]])
        self.assertTrue(found.dtype.isnative)

    def test_mixed_dimensions_are_refused(self):
        two = struct.pack(">hihhff", 1, 12, 2, 0, 1.0, 2.0)
        three = struct.pack(">hihhfff", 1, 16, 3, 0, 1.0, 2.0, 3.0)
        for records in ((two, three), (three, two), (two, *[three] * 9)):
            with self.assertRaises(ValueError):
                table.parse(self.data(*records), "vector")

    def test_nothing_to_read_is_refused(self):
        with self.assertRaises(ValueError):
            table.parse(self.data(), "vector")
        with self.assertRaises(ValueError):
            table.parse(b"", "vector")
