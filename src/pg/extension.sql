\echo Use "CREATE EXTENSION vectorx" to load this file. \quit

-- pgvector defines access methods, types and operators of the same names, so one database holds one of the two.
DO $$
BEGIN
  -- Not by the name of an extension: "vector" may be that of src/pg/drop_in.
  IF EXISTS (SELECT FROM pg_catalog.pg_am WHERE amname IN ('hnsw', 'ivfflat')) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_object',
      MESSAGE = 'extension "vectorx" cannot be installed beside pgvector',
      DETAIL = 'Both define the access methods "hnsw" and "ivfflat"; this database already has them.',
      HINT = 'Create vectorx in a database of its own, or DROP EXTENSION vector first.';
  END IF;
END
$$;
