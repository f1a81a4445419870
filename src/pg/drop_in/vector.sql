\echo Use "CREATE EXTENSION vector" to load this file. \quit

-- The name "vector" for what vectorx has. It holds no objects: it requires vectorx, and creates it where that is missing,
-- since programs that say CREATE EXTENSION vector do not say CASCADE.
CREATE FUNCTION @extschema@.vectorx_require(owner oid, schema name) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;

DO $$
DECLARE
  own pg_catalog.pg_extension;
  schema pg_catalog.name;
BEGIN
  SELECT * INTO own FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'vector';
  SELECT nspname INTO schema FROM pg_catalog.pg_namespace WHERE oid OPERATOR(pg_catalog.=) own.extnamespace;
  PERFORM @extschema@.vectorx_require(own.extowner, schema);
  SELECT n.nspname INTO schema FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
   WHERE e.extname OPERATOR(pg_catalog.=) 'vectorx' AND n.oid OPERATOR(pg_catalog.<>) own.extnamespace;
  IF FOUND THEN
    RAISE WARNING USING
      MESSAGE = pg_catalog.format('the types of extension "vector" are in schema "%s"', schema),
      DETAIL = 'They are those of extension "vectorx", which this database had before.',
      HINT = 'ALTER EXTENSION vectorx SET SCHEMA moves them.';
  END IF;
END
$$;

DROP FUNCTION @extschema@.vectorx_require(oid, name);
