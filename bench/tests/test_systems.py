import unittest

from harness.systems import SYSTEMS, Shape, parse

SHAPE = Shape(rows=1000, dims=384, metric="cosine", k=10)
COMMON = {"hnsw": {"m": "16", "ef_construction": "64"}, "ivfflat": {"lists": "32"}}


class Sql(unittest.TestCase):
    def test_both_extensions_get_the_same_statements(self):
        ours, theirs = SYSTEMS["vectorx"], SYSTEMS["pgvector"]
        self.assertEqual(ours.create_index(SHAPE, COMMON), theirs.create_index(SHAPE, COMMON))
        self.assertEqual(ours.query(SHAPE, 40), theirs.query(SHAPE, 40))
        self.assertEqual(ours.session(40), theirs.session(40))

    def test_statements(self):
        self.assertEqual(SYSTEMS["pgvector"].create_index(SHAPE, COMMON),
                         "CREATE INDEX base_v_idx ON base USING hnsw (v vector_cosine_ops) "
                         "WITH (m = 16, ef_construction = 64)")
        self.assertEqual(SYSTEMS["pgvector"].query(SHAPE, 40),
                         "SELECT id FROM base ORDER BY v <=> (SELECT v FROM query WHERE id = {q}) LIMIT 10")

    def test_another_expression_can_stand_for_the_query(self):
        self.assertEqual(SYSTEMS["vchordrq"].query(SHAPE, 40, "$1"), "SELECT id FROM base ORDER BY v <=> $1 LIMIT 10")
        self.assertEqual(SYSTEMS["pgvector-binary"].query(SHAPE, 40, "$1"),
                         "SELECT id FROM (SELECT id, v FROM base ORDER BY binary_quantize(v)::bit(384) <~> "
                         "binary_quantize($1)::bit(384) LIMIT 40) AS candidates ORDER BY v <=> $1 LIMIT 10")

    def test_options_of_vectorchord_are_a_document(self):
        self.assertIn("lists = [32]\n", SYSTEMS["vchordrq"].create_index(SHAPE, COMMON))
        self.assertEqual(SYSTEMS["vchordg"].create_index(SHAPE, COMMON),
                         "CREATE INDEX base_v_idx ON base USING vchordg (v vector_cosine_ops)")
        self.assertEqual(parse("vchordg:m=64")[0].create_index(SHAPE, COMMON),
                         "CREATE INDEX base_v_idx ON base USING vchordg (v vector_cosine_ops) "
                         "WITH (options = $$\nm = 64\n$$)")


class Parse(unittest.TestCase):
    def test_options_override_those_of_the_command_line(self):
        system = parse("pgvector:m=24+storage=plain")[0]
        self.assertEqual(system.index_options(SHAPE, COMMON),
                         {"m": "24", "ef_construction": "64", "storage": "plain"})
        self.assertEqual(system.name, "pgvector:m=24+storage=plain")

    def test_the_same_system_with_other_options_has_a_database_of_its_own(self):
        self.assertEqual([s.database for s in parse("vectorx,vectorx:m=24,pgvector")],
                         ["vectorx", "vectorx_m_24", "pgvector"])

    def test_refusals(self):
        for text in ("pgvectr", "pgvector:m", "pgvector:m=", "pgvector,pgvector", ""):
            with self.assertRaises(ValueError, msg=text):
                parse(text)
