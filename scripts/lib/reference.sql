-- Prints docs/reference.md for the extension as it is installed: scripts/generate-reference runs it by psql -XAtq in a scratch
-- database, with the variable `parameters`: rows of VALUES, an access method, a storage parameter of it and what that is.
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE EXTENSION vectorx;
-- No name of the extension or of PostgreSQL gets a schema.
SET search_path = public, pg_catalog;
-- Settings are there once the library has been loaded.
SELECT NULL FROM (SELECT '[1]'::vector) loaded WHERE false;

-- Text for a cell of a table.
CREATE FUNCTION pg_temp.cell(t text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT replace(t, '|', '\|') $$;
CREATE FUNCTION pg_temp.code(t text) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT CASE WHEN t <> '' THEN '`' || replace(t, '|', '\|') || '`' ELSE '' END $$;
-- Types in the order in which people meet them.
CREATE FUNCTION pg_temp.place(type text) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT coalesce(array_position(ARRAY['vector', 'halfvec', 'sparsevec', 'bit'], substring(type FROM '^[a-z]+')), 9) || type $$;

CREATE TEMP TABLE member AS
SELECT d.classid, d.objid
FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
WHERE e.extname = 'vectorx';

-- ---------------------------------------------------------------- storage parameters
-- What PostgreSQL says of a value that is none, and what an index has without them.
CREATE TABLE probe AS SELECT ARRAY[i, i % 7, i % 3]::vector(3) AS low, array_fill(i, ARRAY[384])::vector(384) AS high
FROM generate_series(1, 1000) i;
CREATE INDEX hnsw_low ON probe USING hnsw (low vector_l2_ops);
CREATE INDEX hnsw_high ON probe USING hnsw (high vector_l2_ops);
CREATE INDEX ivfflat_low ON probe USING ivfflat (low vector_l2_ops);
CREATE INDEX ivfflat_high ON probe USING ivfflat (high vector_l2_ops);
-- An index without rows is what it is by dimension alone.
TRUNCATE probe;
CREATE TEMP TABLE defaults AS
SELECT method, (SELECT to_jsonb(s) FROM vectorx_index_stats((method || '_low')::regclass) s) AS low,
       (SELECT to_jsonb(s) FROM vectorx_index_stats((method || '_high')::regclass) s) AS high
FROM unnest(ARRAY['hnsw', 'ivfflat']) method;
CREATE TEMP TABLE parameter (place serial, method text, name text, what text, valid text, without text);
INSERT INTO parameter (method, name, what) :parameters;
DO $$
DECLARE
  p parameter;
  detail text;
BEGIN
  FOR p IN SELECT * FROM parameter LOOP
    BEGIN
      EXECUTE format('CREATE INDEX ON probe USING %I (low vector_l2_ops) WITH (%I = ''-1'')', p.method, p.name);
      RAISE 'storage parameter % of % takes -1', p.name, p.method;
    EXCEPTION WHEN invalid_parameter_value THEN
      GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    END;
    UPDATE parameter
    SET valid = regexp_replace(regexp_replace(detail, '^Valid values are (between )?(.*)\.$', '\2'), '"([^"]*)" and "([^"]*)"',
                               CASE WHEN detail LIKE '% between %' THEN '\1 to \2' ELSE '`\1`, `\2`' END)
    WHERE place = p.place;
  END LOOP;
END
$$;
-- The least dimension from which on hnsw keeps codes.
CREATE TEMP TABLE least (dimensions int);
DO $$
DECLARE
  plain int := 3;
  quantized int := 384;
  middle int;
BEGIN
  WHILE quantized - plain > 1 LOOP
    middle := (plain + quantized) / 2;
    EXECUTE format('CREATE INDEX middle ON probe USING hnsw ((low::text::vector(%s)) vector_l2_ops)', middle);
    IF (SELECT storage = 'plain' FROM vectorx_index_stats('middle')) THEN plain := middle; ELSE quantized := middle; END IF;
    DROP INDEX middle;
  END LOOP;
  INSERT INTO least VALUES (quantized);
END
$$;
-- ivfflat makes as many lists as it is asked for where there are rows.
INSERT INTO probe SELECT ARRAY[i, i % 7, i % 3]::vector(3), array_fill(i, ARRAY[384])::vector(384) FROM generate_series(1, 1000) i;
REINDEX INDEX ivfflat_low;
UPDATE defaults SET low = low || jsonb_build_object('lists', (SELECT lists FROM vectorx_index_stats('ivfflat_low')))
WHERE method = 'ivfflat';
UPDATE parameter p
SET without = CASE WHEN d.low ->> p.name = d.high ->> p.name OR p.name = 'lists' THEN format('`%s`', d.low ->> p.name)
                   ELSE format('`%s`, from %s dimensions on `%s`', d.low ->> p.name, (SELECT dimensions FROM least), d.high ->> p.name) END
FROM defaults d WHERE d.method = p.method;

-- ---------------------------------------------------------------- functions
-- Functions that something else of the extension calls: not those that people call.
CREATE TEMP TABLE behind AS
SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze]::oid[]) AS oid
FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid
UNION SELECT castfunc FROM member JOIN pg_cast c ON classid = 'pg_cast'::regclass AND objid = c.oid
UNION SELECT amhandler FROM member JOIN pg_am m ON classid = 'pg_am'::regclass AND objid = m.oid
UNION SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn]::oid[])
      FROM member JOIN pg_aggregate a ON classid = 'pg_proc'::regclass AND objid = a.aggfnoid
UNION SELECT amproc FROM member JOIN pg_opclass c ON classid = 'pg_opclass'::regclass AND objid = c.oid
      JOIN pg_amproc p ON p.amprocfamily = c.opcfamily
UNION SELECT objid FROM member WHERE classid = 'pg_proc'::regclass AND obj_description(objid, 'pg_proc') LIKE 'implementation of %';

CREATE TEMP TABLE function AS
SELECT p.oid, p.proname::text AS name, p.prokind, p.oid IN (SELECT oid FROM behind) AS behind,
       regexp_replace(pg_get_function_arguments(p.oid), '(, )?OUT .*', '') AS arguments,
       CASE WHEN 'o' = ANY (p.proargmodes)
            THEN (SELECT format('%s(%s)', CASE WHEN p.proretset THEN 'rows ' END,
                                string_agg(a.name || ' ' || format_type(a.type, NULL), ', ' ORDER BY place))
                  FROM unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY a(name, type, mode, place)
                  WHERE mode = 'o')
            ELSE pg_get_function_result(p.oid) END AS result,
       obj_description(p.oid, 'pg_proc') AS what,
       -- Nearly all are alike in this; what is not says so.
       CASE WHEN p.prokind = 'f' AND (p.provolatile, p.proisstrict, p.proparallel) IS DISTINCT FROM ('i', true, 's')
            THEN format(' (%s%s, parallel %s)',
                        CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
                        CASE WHEN p.proisstrict THEN ', strict' END,
                        CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END) END AS properties
FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid;

-- ---------------------------------------------------------------- the page
\qecho '<!-- Made by scripts/generate-reference: do not edit. -->'
\qecho '# Reference'
\qecho
\qecho 'Everything that vectorx brings, as `CREATE EXTENSION vectorx` leaves it in the catalogue: `scripts/generate-reference` writes'
\qecho 'this page from an installed extension, and a test compares the two. In psql, `\\dx+ vectorx` lists the same objects, and `\\df+`,'
\qecho '`\\do+`, `\\dAc` and `\\dconfig+` (from 15 on) tell of them.'
\qecho
\qecho '[Types](#types) · [functions](#functions) · [aggregates](#aggregates) · [operators](#operators) · [casts](#casts) ·'
\qecho '[access methods](#access-methods) · [operator classes](#operator-classes) · [storage parameters](#storage-parameters) ·'
\qecho '[settings](#settings) · [functions behind these](#functions-behind-these)'
\qecho
\qecho '## Types'
\qecho
\qecho '| type | what |'
\qecho '|---|---|'
SELECT format('| %s | %s |', pg_temp.code(t.oid::regtype::text), pg_temp.cell(obj_description(t.oid, 'pg_type')))
FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid
WHERE t.typelem = 0  -- not the arrays
ORDER BY pg_temp.place(t.typname) COLLATE "C";
\qecho
\qecho 'Each has its array type, such as `vector[]`. Bit strings are PostgreSQL''s own type `bit(n)`.'
\qecho
\qecho '## Functions'
\qecho
\qecho 'Immutable, strict (NULL for NULL) and parallel safe, unless it says otherwise in brackets. A number of dimensions that does not'
\qecho 'fit is an error with SQLSTATE 22000.'
\qecho
\qecho '| function | result | what |'
\qecho '|---|---|---|'
SELECT format('| %s | %s | %s |', string_agg(pg_temp.code(name || '(' || arguments || ')'), '<br>' ORDER BY pg_temp.place(arguments) COLLATE "C"),
              CASE WHEN count(DISTINCT result) = 1 THEN pg_temp.code(min(result))
                   ELSE string_agg(pg_temp.code(result), '<br>' ORDER BY pg_temp.place(arguments) COLLATE "C") END,
              pg_temp.cell(what || coalesce(properties, '')))
FROM function WHERE NOT behind AND prokind = 'f'
GROUP BY name, what, properties
ORDER BY name COLLATE "C", what COLLATE "C";
\qecho
\qecho '## Aggregates'
\qecho
\qecho '| aggregate | result | what |'
\qecho '|---|---|---|'
SELECT format('| %s | %s | %s |', pg_temp.code(name || '(' || arguments || ')'), pg_temp.code(result), pg_temp.cell(what))
FROM function WHERE prokind = 'a'
ORDER BY name COLLATE "C", pg_temp.place(arguments) COLLATE "C";
\qecho
\qecho '## Operators'
\qecho
\qecho '| operator | both sides | result | what |'
\qecho '|---|---|---|---|'
SELECT format('| %s | %s | %s | %s |', pg_temp.code(o.oprname),
              string_agg(pg_temp.code(o.oprleft::regtype::text), ', ' ORDER BY pg_temp.place(o.oprleft::regtype::text) COLLATE "C"),
              CASE WHEN bool_and(o.oprresult = o.oprleft) THEN 'the same type' ELSE pg_temp.code(min(o.oprresult::regtype::text)) END,
              pg_temp.cell(obj_description(o.oid, 'pg_operator')))
FROM member JOIN pg_operator o ON classid = 'pg_operator'::regclass AND objid = o.oid
GROUP BY o.oprname, obj_description(o.oid, 'pg_operator')
ORDER BY min(o.oprresult::regtype::text) <> 'double precision', bool_and(o.oprresult <> o.oprleft), o.oprname COLLATE "C";
\qecho
\qecho '## Casts'
\qecho
\qecho '| from | to | when | what |'
\qecho '|---|---|---|---|'
SELECT format('| %s | %s | %s | %s |', pg_temp.code(format_type(castsource, NULL)), pg_temp.code(format_type(casttarget, NULL)),
              CASE castcontext WHEN 'i' THEN 'by itself' WHEN 'a' THEN 'in assignments' ELSE 'asked for' END,
              pg_temp.cell(obj_description(c.oid, 'pg_cast')))
FROM member JOIN pg_cast c ON classid = 'pg_cast'::regclass AND objid = c.oid
ORDER BY pg_temp.place(format_type(castsource, NULL)) COLLATE "C", pg_temp.place(format_type(casttarget, NULL)) COLLATE "C";
\qecho
\qecho '## Access methods'
\qecho
\qecho '| access method | what |'
\qecho '|---|---|'
SELECT format('| %s | %s |', pg_temp.code(m.amname), pg_temp.cell(obj_description(m.oid, 'pg_am')))
FROM member JOIN pg_am m ON classid = 'pg_am'::regclass AND objid = m.oid
ORDER BY m.amname COLLATE "C";
\qecho
\qecho '## Operator classes'
\qecho
\qecho '| access method | operator class | for | operators | what |'
\qecho '|---|---|---|---|---|'
SELECT format('| %s | %s%s | %s | %s | %s |', pg_temp.code(m.amname), pg_temp.code(c.opcname),
              CASE WHEN c.opcdefault THEN ' (default)' END, pg_temp.code(c.opcintype::regtype::text),
              (SELECT string_agg(pg_temp.code(o.oprname), ' ' ORDER BY a.amopstrategy)
               FROM pg_amop a JOIN pg_operator o ON o.oid = a.amopopr
               WHERE a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype),
              pg_temp.cell(obj_description(c.oid, 'pg_opclass')))
FROM member JOIN pg_opclass c ON classid = 'pg_opclass'::regclass AND objid = c.oid JOIN pg_am m ON m.oid = c.opcmethod
ORDER BY m.amname = 'btree', m.amname COLLATE "C", pg_temp.place(c.opcintype::regtype::text) COLLATE "C", c.opcname COLLATE "C";
\qecho
\qecho 'A query uses an hnsw or ivfflat index if it has `ORDER BY column operator value`, ascending, with `LIMIT`. The B-tree classes are'
\qecho 'for `=`, `DISTINCT`, `GROUP BY`, `ORDER BY column` and unique constraints.'
\qecho
\qecho '## Storage parameters'
\qecho
\qecho 'Of `CREATE INDEX … USING method (…) WITH (parameter = value)`. `ALTER INDEX … SET (…)` takes effect with the next `REINDEX`.'
\qecho
\qecho '| access method | parameter | values | without it | what |'
\qecho '|---|---|---|---|---|'
SELECT format('| %s | %s | %s | %s | %s |', pg_temp.code(method), pg_temp.code(name), valid, without, pg_temp.cell(what))
FROM parameter ORDER BY place;
\qecho
\qecho '## Settings'
\qecho
\qecho 'Of `SET`, `SET LOCAL`, `ALTER ROLE`, `ALTER DATABASE` and `postgresql.conf`. They exist in a session once the library is loaded: by'
\qecho 'the first vector, by `LOAD ''vectorx''`, or by `session_preload_libraries`. A value set before is kept.'
\qecho
\qecho '| setting | values | default | what |'
\qecho '|---|---|---|---|'
SELECT format('| %s | %s | %s | %s |', pg_temp.code(name),
              CASE WHEN vartype = 'enum' THEN (SELECT string_agg(pg_temp.code(v), ', ' ORDER BY place)
                                               FROM unnest(enumvals) WITH ORDINALITY e(v, place))
                   WHEN vartype IN ('integer', 'real') THEN format('%s to %s', min_val, max_val)
                   ELSE vartype END,
              CASE WHEN context = 'internal' THEN 'read only' ELSE pg_temp.code(boot_val) END,
              pg_temp.cell(concat_ws(' ', short_desc, extra_desc)))
FROM pg_settings WHERE split_part(name, '.', 1) IN ('hnsw', 'ivfflat', 'vectorx')
ORDER BY name COLLATE "C";
\qecho
\qecho '## Functions behind these'
\qecho
\qecho 'What types, casts, operators, aggregates and access methods call. Nothing else needs to.'
\qecho
\qecho '| function | result | what |'
\qecho '|---|---|---|'
SELECT format('| %s | %s | %s |', pg_temp.code(name || '(' || arguments || ')'), pg_temp.code(result), pg_temp.cell(what))
FROM function WHERE behind
ORDER BY name COLLATE "C", arguments COLLATE "C";
