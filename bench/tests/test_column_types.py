import struct
import unittest

try:
    import numpy
except ImportError:
    numpy = None
else:
    from harness import column_types
    from harness.copy_binary import HEADER, TRAILER

with_numpy = unittest.skipIf(numpy is None, "numpy is not installed; build/bench/venv has it")


@with_numpy
class Formats(unittest.TestCase):
    def test_sparse_rows(self):
        data = column_types.Sparse(10, numpy.array([0, 2, 3]), numpy.array([0, 9, 4]),
                                   numpy.array([1.5, -2.0, 0.25], dtype=numpy.float32))
        expected = (HEADER
                    + struct.pack(">hiii", 2, 4, 0, 28) + struct.pack(">iiiiiff", 10, 2, 0, 0, 9, 1.5, -2.0)
                    + struct.pack(">hiii", 2, 4, 1, 20) + struct.pack(">iiiif", 10, 1, 0, 4, 0.25) + TRAILER)
        self.assertEqual(b"".join(column_types.sparse_copy(data)), expected)

    def test_bit_rows(self):
        signs = numpy.array([[1, 0, 0, 0, 0, 0, 0, 1, 1, 1]], dtype=bool)
        expected = HEADER + struct.pack(">hiiiiBB", 2, 4, 0, 6, 10, 0x81, 0xc0) + TRAILER
        self.assertEqual(b"".join(column_types.bit_copy(signs)), expected)

    def test_literals(self):
        values = numpy.array([0.5, 2.0], dtype=numpy.float32)
        self.assertEqual(column_types.sparse_literal(numpy.array([0, 6]), values, 7), "{1:0.5,7:2.0}/7")
        self.assertEqual(column_types.dense_literal(values), "[0.5,2.0]")
        self.assertEqual(column_types.bit_literal(values > 1), "01")


@with_numpy
class Data(unittest.TestCase):
    def test_sparse_rows_are_like_splades(self):
        data = column_types.splade_like(200)
        self.assertEqual(len(data), 200)
        lengths = numpy.diff(data.starts)
        self.assertTrue((lengths >= 60).all() and (lengths <= 180).all())
        self.assertAlmostEqual(lengths.mean(), 120, delta=10)
        for i in range(len(data)):
            indices, values = data.row(i)
            self.assertTrue((numpy.diff(indices) > 0).all() and indices[0] >= 0 and indices[-1] < data.dims)
            self.assertTrue((values > 0).all())
        # Frequent terms come in many rows.
        self.assertGreater(numpy.bincount(data.indices).max(), 50)

    def test_dense_columns(self):
        base = numpy.array([[1.0, -1.0], [0.5, 2.0]], dtype=numpy.float16)
        columns = {c.sql_type: c for c in column_types.dense_columns(base, base[:1], rows=1)}
        self.assertEqual({name: c.rows for name, c in columns.items()}, {"vector(2)": 1, "halfvec(2)": 1, "bit(2)": 2})
        vectors = HEADER + struct.pack(">hiiihhff", 2, 4, 0, 12, 2, 0, 1.0, -1.0) + TRAILER
        halves = HEADER + struct.pack(">hiiihhee", 2, 4, 0, 8, 2, 0, 1.0, -1.0) + TRAILER
        self.assertEqual(b"".join(columns["vector(2)"].copy_data()), vectors)
        self.assertEqual(b"".join(columns["halfvec(2)"].copy_data()), halves)
        self.assertEqual(columns["bit(2)"].queries, ["10"])
