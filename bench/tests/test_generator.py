import unittest

try:
    import numpy
    import psycopg
except ImportError:
    numpy = psycopg = None
else:
    from harness import generator

with_packages = unittest.skipIf(psycopg is None, "numpy and psycopg are not installed; build/bench/venv has them")


def sheet(count, dims=32, seed=1, inner=4):
    """Points of a sheet of `inner` dimensions in space, of unit length."""
    random = numpy.random.default_rng(seed)
    frame = numpy.random.default_rng(0).normal(size=(inner, dims))
    rows = numpy.tanh(random.normal(size=(count, inner)) @ frame)
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype(numpy.float32)


def rng(seed=7):
    return numpy.random.default_rng(seed)


@with_packages
class Nearest(unittest.TestCase):
    def test_the_nearest_in_order_whatever_the_blocks(self):
        base, block = sheet(300), generator.BLOCK
        try:
            generator.BLOCK = 300 * 7
            found = numpy.concatenate([near for _, near in generator.nearest(base, base[:50], 5)])
        finally:
            generator.BLOCK = block
        for row, line in zip(base[:50], found):
            far = ((base - row) ** 2).sum(axis=1)
            self.assertEqual(line.tolist(), numpy.argsort(far)[:5].tolist())


@with_packages
class Make(unittest.TestCase):
    def test_the_seed_decides(self):
        real = sheet(200)
        one, same, other = (generator.make(real, 500, 0.9, rng(seed)) for seed in (1, 1, 2))
        self.assertTrue((one == same).all())
        self.assertFalse((one == other).all())

    def test_type_and_length_remain(self):
        made = generator.make(sheet(200).astype(numpy.float16), 300, 0.9, rng())
        self.assertEqual((made.dtype, made.shape), (numpy.dtype(numpy.float16), (300, 32)))
        numpy.testing.assert_allclose(numpy.linalg.norm(made.astype(float), axis=1), 1, atol=2e-3)

    def test_rows_of_other_lengths_are_not_scaled(self):
        real = 5 * sheet(200)
        made = generator.make(real, 200, 0.9, rng())
        self.assertTrue((numpy.linalg.norm(made, axis=1) > 3).all())
        # Each coordinate is one that some real row has there.
        self.assertTrue(all(numpy.isin(made[:, column], real[:, column]).all() for column in range(32)))

    def test_new_rows_are_about_as_far_as_neighbours_are(self):
        real = sheet(400)
        own = generator.likeness(real, numpy.arange(400), real[:5]).nearest[1]
        made = generator.make(real, 400, 1.0, rng())
        far = generator._neighbour_distances(real, made, 1)
        self.assertTrue(0.5 * own < numpy.median(far) < 1.5 * own)

    def test_equal_rows_remain_equal(self):
        real = numpy.repeat(sheet(50), 20, axis=0)
        made = generator.make(real, 100, 1.0, rng())
        numpy.testing.assert_allclose(generator._neighbour_distances(real, made, 1), 0, atol=1e-5)

    def test_every_row_is_a_source_as_often(self):
        # Distant clusters of as many rows as a row has neighbours: what is made shows which one its source is in.
        centres = 100 * numpy.eye(8, dtype=numpy.float32)
        real = numpy.repeat(centres, 12, axis=0) + rng().normal(size=(96, 8)).astype(numpy.float32)
        made = generator.make(real, 2 * 96, 0.9, rng())
        self.assertEqual(numpy.bincount(made.argmax(axis=1)).tolist(), [24] * 8)


@with_packages
class Shape(unittest.TestCase):
    def test_intrinsic_dimension_is_that_of_the_sheet(self):
        for inner in (2, 6):
            flat = rng().random((3000, inner)) @ rng(1).normal(size=(inner, 20))
            found = generator.likeness(flat, numpy.arange(500), flat[:10]).dimension
            self.assertTrue(0.75 * inner < found < 1.25 * inner, (inner, found))

    def test_equal_rows_are_counted(self):
        rows = numpy.concatenate([sheet(100), sheet(100)[:25]])
        self.assertAlmostEqual(generator.likeness(rows, numpy.arange(100), rows[:5]).duplicates, 0.25)

    def test_a_fit_makes_made_rows_as_near_as_real_ones(self):
        fit = generator.fit(sheet(1000, inner=8), sheet(50, seed=3, inner=8), rng())
        self.assertAlmostEqual(fit.grown.nearest[1] / fit.real.nearest[1], 1.0, delta=0.1)
        # More rows are nearer to each other and to queries.
        self.assertLess(fit.real.nearest[1], fit.half.nearest[1])
        self.assertLess(fit.grown.query[1], fit.half.query[1])


@with_packages
class Population(unittest.TestCase):
    def test_real_rows_come_before_made_ones_are_needed(self):
        real = sheet(100)
        found = generator.population(real, 60, 0.9, rng())
        self.assertTrue({row.tobytes() for row in found} <= {row.tobytes() for row in real})
        self.assertEqual(len(found), 60)

    def test_any_beginning_holds_both_kinds(self):
        real = sheet(100, dims=256)  # so many that no made row has all coordinates of its source
        found = generator.population(real, 200, 0.9, rng())
        known = {row.tobytes() for row in real}
        self.assertEqual(sum(row.tobytes() in known for row in found), 100)
        self.assertTrue(25 < sum(row.tobytes() in known for row in found[:100]) < 75)
