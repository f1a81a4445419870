import unittest

try:
    import numpy
    from harness import kmeans_benchmark
except ImportError:
    numpy = None


@unittest.skipIf(numpy is None, "needs numpy")
class KMeansBenchmark(unittest.TestCase):
    def test_inertia(self):
        points = numpy.array([[0, 0], [0, 2], [10, 0]], dtype=numpy.float32)
        centroids = numpy.array([[0, 1], [10, 1]], dtype=numpy.float32)
        self.assertAlmostEqual(kmeans_benchmark.inertia(points, centroids), 3.0)

    def test_points_beyond_the_base_are_moved_copies(self):
        base = numpy.eye(3, 8, dtype=numpy.float16)
        points = kmeans_benchmark.make_points(base, 8)
        self.assertEqual(points.shape, (8, 8))
        numpy.testing.assert_array_equal(points[:3], base)
        numpy.testing.assert_allclose(numpy.linalg.norm(points, axis=1), 1, atol=1e-6)
        self.assertEqual(len(numpy.unique(points, axis=0)), 8)
        self.assertEqual([int(row.argmax()) for row in points], [0, 1, 2, 0, 1, 2, 0, 1])
        self.assertEqual(kmeans_benchmark.make_points(base, 2).shape, (2, 8))

    def test_ratios_are_within_a_round(self):
        def runs(*pairs):
            return [{"seconds": seconds, "inertia": inertia} for seconds, inertia in pairs]

        measured = {"vectorx": runs((1, 101), (3, 100), (9, 100)), "faiss": runs((2, 100), (4, 100), (6, 100))}
        self.assertTrue(kmeans_benchmark.is_as_good(measured))
        self.assertIn("| vectorx | 3.00 | 100 | 0.75 (0.50–1.50) | 1.0000 (1.0000–1.0100) |",
                      kmeans_benchmark.table(measured))
        measured["vectorx"][1]["seconds"] = 4.1
        self.assertFalse(kmeans_benchmark.is_as_good(measured))
        measured["vectorx"] = runs((1, 102), (1, 102), (1, 100))
        self.assertFalse(kmeans_benchmark.is_as_good(measured))
