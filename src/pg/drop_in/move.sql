-- Moves a database from pgvector to vectorx or back, in one transaction, without rewriting a table. For psql, as superuser,
-- with both extensions installed on the server, in each database by itself:
--
--   psql -X -d DATABASE -v to=vectorx -f "$(pg_config --sharedir)/extension/vectorx_move.sql"
--
--   -v to=vectorx | pgvector   which way
--   -v check=yes               do everything, then roll back
--   -v terminate=yes           end the other sessions in the database; without it, refuse while there are any
--
-- What happens, and why it is safe: types, operators, casts, aggregates, operator classes and access methods of both
-- extensions are the same, object by object; this is verified against the other extension, created beside the first and
-- rolled back. So all catalog rows stay, with their oids, and with them everything that depends on them. Changed are
--   1. the functions' library and symbol (CREATE OR REPLACE FUNCTION), and the functions that one of the two lacks;
--   2. the support functions of operator classes (pg_amproc), for which there is no statement;
--   3. the name and version of the extension (pg_extension); going to vectorx, "vector" remains as a name that requires it;
--   4. the pages of indexes: REINDEX of all that use hnsw or ivfflat, and of those with an expression of the extension.
-- If anything is not as expected, or would be lost, there is an error that says what, and nothing has changed.

\set ON_ERROR_STOP on
\if :{?to}
\else
  \echo usage: psql -X -d DATABASE -v to=vectorx|pgvector [-v check=yes] [-v terminate=yes] -f vectorx_move.sql
  \quit
\endif
\if :{?check}
\else
  \set check no
\endif
\if :{?terminate}
\else
  \set terminate no
\endif
\set QUIET on

BEGIN;
-- Indexes may call functions that rely on the search path; nothing else here does.
SELECT set_config('vectorx_move.search_path', current_setting('search_path'), true) AS path \gset
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = notice;

-- With pg_catalog alone on the search path, names of the extension's objects come out qualified.
CREATE FUNCTION pg_temp.family_name(family oid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('%s %I.%I', a.amname, n.nspname, f.opfname)
    FROM pg_opfamily f JOIN pg_am a ON a.oid = f.opfmethod JOIN pg_namespace n ON n.oid = f.opfnamespace
   WHERE f.oid = family
$$;

-- The objects of an extension: equal properties mean that one can stand for the other.
CREATE FUNCTION pg_temp.members(extension oid)
    RETURNS TABLE (kind text, object text, properties text, definition text) LANGUAGE sql STABLE AS $$
  WITH member AS (
    SELECT classid, objid FROM pg_depend
     WHERE refclassid = 'pg_extension'::regclass AND refobjid = extension AND deptype = 'e')
  SELECT 'function', p.oid::regprocedure::text,
         format('%s %s returns %s%s volatile=%s strict=%s security definer=%s', l.lanname, p.prokind,
                CASE WHEN p.proretset THEN 'setof ' END, p.prorettype::regtype, p.provolatile, p.proisstrict, p.prosecdef),
         pg_get_functiondef(p.oid)
    FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid JOIN pg_language l ON l.oid = p.prolang
   WHERE p.prokind <> 'a'
UNION ALL
  SELECT 'aggregate', p.oid::regprocedure::text,
         format('returns %s kind=%s transition=%s final=%s %s %s combine=%s serial=%s deserial=%s moving=%s state=%s initial=%s '
                'sort=%s parallel=%s', p.prorettype::regtype, a.aggkind, a.aggtransfn::oid::regprocedure,
                a.aggfinalfn::oid::regprocedure, a.aggfinalextra, a.aggfinalmodify, a.aggcombinefn::oid::regprocedure,
                a.aggserialfn::oid::regprocedure, a.aggdeserialfn::oid::regprocedure, a.aggmtransfn::oid::regprocedure,
                a.aggtranstype::regtype, a.agginitval, a.aggsortop::regoperator, p.proparallel), NULL
    FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid JOIN pg_aggregate a ON a.aggfnoid = p.oid
UNION ALL
  SELECT 'type', t.oid::regtype::text,
         format('length=%s by value=%s %s %s preferred=%s delimiter=%s element=%s in=%s out=%s receive=%s send=%s modin=%s '
                'modout=%s analyze=%s align=%s storage=%s collation=%s subscript=%s', t.typlen, t.typbyval, t.typtype,
                t.typcategory, t.typispreferred, t.typdelim, t.typelem::regtype, t.typinput::oid::regprocedure,
                t.typoutput::oid::regprocedure, t.typreceive::oid::regprocedure, t.typsend::oid::regprocedure,
                t.typmodin::oid::regprocedure, t.typmodout::oid::regprocedure, t.typanalyze::oid::regprocedure,
                t.typalign, t.typstorage, t.typcollation, t.typsubscript::oid::regprocedure), NULL
    FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid
UNION ALL
  SELECT 'operator', o.oid::regoperator::text,
         format('%s returns %s function=%s commutator=%s negator=%s restrict=%s join=%s merges=%s hashes=%s', o.oprkind,
                o.oprresult::regtype, o.oprcode::oid::regprocedure, o.oprcom::regoperator, o.oprnegate::regoperator,
                o.oprrest::oid::regprocedure, o.oprjoin::oid::regprocedure, o.oprcanmerge, o.oprcanhash), NULL
    FROM member JOIN pg_operator o ON classid = 'pg_operator'::regclass AND objid = o.oid
UNION ALL
  SELECT 'cast', format('%s as %s', c.castsource::regtype, c.casttarget::regtype),
         format('function=%s context=%s method=%s', c.castfunc::regprocedure, c.castcontext, c.castmethod), NULL
    FROM member JOIN pg_cast c ON classid = 'pg_cast'::regclass AND objid = c.oid
UNION ALL
  SELECT 'access method', a.amname, format('type=%s handler=%s', a.amtype, a.amhandler::oid::regprocedure), NULL
    FROM member JOIN pg_am a ON classid = 'pg_am'::regclass AND objid = a.oid
UNION ALL
  SELECT 'operator family', pg_temp.family_name(objid), '', NULL FROM member WHERE classid = 'pg_opfamily'::regclass
UNION ALL
  SELECT 'operator class', format('%s %I.%I', a.amname, n.nspname, c.opcname),
         format('family=%s type=%s key=%s default=%s', pg_temp.family_name(c.opcfamily), c.opcintype::regtype,
                c.opckeytype::regtype, c.opcdefault), NULL
    FROM member JOIN pg_opclass c ON classid = 'pg_opclass'::regclass AND objid = c.oid
    JOIN pg_am a ON a.oid = c.opcmethod JOIN pg_namespace n ON n.oid = c.opcnamespace
UNION ALL
  SELECT 'operator of a family', format('%s %s (%s, %s)', pg_temp.family_name(objid), o.amopstrategy, o.amoplefttype::regtype,
                                        o.amoprighttype::regtype),
         format('operator=%s purpose=%s sort=%s', o.amopopr::regoperator, o.amoppurpose, o.amopsortfamily), NULL
    FROM member JOIN pg_amop o ON classid = 'pg_opfamily'::regclass AND o.amopfamily = objid
UNION ALL
  SELECT 'object of another kind', pg_describe_object(classid, objid, 0), '', NULL
    FROM member
   WHERE classid <> ALL (ARRAY['pg_proc', 'pg_type', 'pg_operator', 'pg_cast', 'pg_am', 'pg_opfamily', 'pg_opclass']::regclass[])
$$;

-- The support functions of its operator classes, with the types that pg_depend names for them.
CREATE FUNCTION pg_temp.support_functions(extension oid)
    RETURNS TABLE (entry oid, family text, lefttype text, righttype text, number int2, function text, types jsonb)
    LANGUAGE sql STABLE AS $$
  SELECT s.oid, pg_temp.family_name(objid), s.amproclefttype::regtype::text, s.amprocrighttype::regtype::text, s.amprocnum,
         s.amproc::oid::regprocedure::text,
         (SELECT jsonb_agg(t.refobjid::regtype::text) FROM pg_depend t
           WHERE t.classid = 'pg_amproc'::regclass AND t.objid = s.oid AND t.refclassid = 'pg_type'::regclass)
    FROM pg_depend JOIN pg_amproc s ON s.amprocfamily = objid
   WHERE classid = 'pg_opfamily'::regclass AND refclassid = 'pg_extension'::regclass AND refobjid = extension AND deptype = 'e'
$$;

-- The sessions that have loaded, or may load, the library that is left.
CREATE FUNCTION pg_temp.refuse_other_sessions(terminate bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  others text;
BEGIN
  IF terminate THEN
    PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker';
    PERFORM pg_stat_clear_snapshot();
  END IF;
  SELECT string_agg(description, E'\n') INTO others FROM (
    SELECT format('%s, process %s, user %s%s', backend_type, pid, usename, ', ' || nullif(application_name, ''))
      FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
    UNION ALL
    SELECT format('prepared transaction %L', gid) FROM pg_prepared_xacts WHERE database = current_database()
  ) other (description);
  IF others IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'object_in_use',
      MESSAGE = format('database "%s" is being accessed by other users', current_database()), DETAIL = others,
      HINT = 'Stop what connects to it, or use -v terminate=yes. Disable its subscriptions. End prepared transactions.';
  END IF;
END
$$;

CREATE FUNCTION pg_temp.move(product text, terminate bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  source constant text := CASE product WHEN 'vectorx' THEN 'vector' WHEN 'pgvector' THEN 'vectorx' END;
  target constant text := CASE product WHEN 'vectorx' THEN 'vectorx' WHEN 'pgvector' THEN 'vector' END;
  scratch constant text := 'vectorx_move_reference';
  live pg_extension;
  live_schema text;
  reference pg_extension;
  reference_members jsonb;
  reference_support jsonb;
  comment text;
  problems text;
  rebuilt oid[];
  item record;
  functions int := 0;
  started timestamptz;
BEGIN
  -- Who and what this is.
  IF source IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('cannot move to "%s"', product),
      HINT = '-v to=vectorx or -v to=pgvector.';
  END IF;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('must be superuser to move a database to %s', product);
  END IF;
  SELECT * INTO live FROM pg_extension WHERE extname = source;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = format('extension "%s" is not in database "%s"', source, current_database()),
      HINT = 'Each database is moved by itself: psql -d DATABASE.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND refobjid = live.oid AND deptype = 'e') THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('database "%s" uses vectorx already', current_database()),
      DETAIL = 'Extension "vector" is the name that requires it.';
  END IF;
  IF source = 'vector' AND live.extversion !~ '^0\.8\.[0-6]$' THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
      MESSAGE = format('cannot move from version %s of pgvector', live.extversion), DETAIL = 'Versions 0.8.0 to 0.8.6 are known.',
      HINT = 'From an older one: ALTER EXTENSION vector UPDATE TO ''0.8.6'', with the files of that version.';
  END IF;
  -- One process cannot load both libraries; a fresh session has loaded neither, unless it has to.
  IF EXISTS (SELECT FROM pg_settings WHERE name = 'hnsw.ef_search') THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'this session has loaded the library of an extension already', HINT =
      'Use a new session, and take the library out of shared_preload_libraries, session_preload_libraries and local_preload_libraries.';
  END IF;
  SELECT nspname INTO STRICT live_schema FROM pg_namespace WHERE oid = live.extnamespace;

  SELECT string_agg(format('extension %I', e.extname), ', ') INTO problems
    FROM pg_depend d JOIN pg_extension e ON d.classid = 'pg_extension'::regclass AND e.oid = d.objid
   WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = live.oid AND e.extname <> 'vector';
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
      MESSAGE = format('other extensions depend on extension "%s"', source), DETAIL = problems || '.',
      HINT = 'They may use its library directly. Drop them first.';
  END IF;
  SELECT string_agg(p.oid::regprocedure::text, E'\n') INTO problems
    FROM pg_proc p
   WHERE p.probin ~ ('(^|/)' || source || '(\.(so|dylib|dll))?$')
     AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid
                        AND refclassid = 'pg_extension'::regclass AND refobjid = live.oid AND deptype = 'e');
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
      MESSAGE = format('other functions call the library of extension "%s"', source), DETAIL = problems;
  END IF;
  SELECT string_agg(pg_describe_object(user_made.classid, user_made.oid, 0), E'\n') INTO problems FROM (
    SELECT 'pg_am'::regclass, a.oid FROM pg_am a JOIN pg_am o USING (amhandler)
     WHERE o.amname IN ('hnsw', 'ivfflat') AND a.oid <> o.oid
    UNION ALL
    SELECT 'pg_opclass'::regclass, c.oid FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
     WHERE a.amname IN ('hnsw', 'ivfflat')
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_opclass'::regclass AND objid = c.oid
                          AND refclassid = 'pg_extension'::regclass AND refobjid = live.oid AND deptype = 'e')
  ) user_made (classid, oid);
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
      MESSAGE = format('other objects are made for the access methods of extension "%s"', source), DETAIL = problems;
  END IF;
  PERFORM pg_temp.refuse_other_sessions(terminate);

  -- From here to the end nobody else gets at the indexes or looks up a function: tables first, so that whoever comes now
  -- waits without holding what is needed here.
  rebuilt := ARRAY(
    SELECT i.indexrelid
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
     WHERE c.relkind = 'i' AND NOT pg_is_other_temp_schema(c.relnamespace)
       AND (a.amname IN ('hnsw', 'ivfflat')
            -- Computed by functions whose last bits may differ.
            OR i.indexprs IS NOT NULL AND EXISTS (
                 SELECT FROM pg_depend used JOIN pg_depend member ON member.classid = used.refclassid AND member.objid = used.refobjid
                  WHERE used.classid = 'pg_class'::regclass AND used.objid = i.indexrelid
                    AND used.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
                    AND member.refclassid = 'pg_extension'::regclass AND member.refobjid = live.oid AND member.deptype = 'e'))
     ORDER BY i.indexrelid);
  FOR item IN
    -- LOCK TABLE does not take materialized views.
    SELECT DISTINCT format(CASE t.relkind WHEN 'm' THEN 'ALTER MATERIALIZED VIEW %I.%I OWNER TO %I'
                                          ELSE 'LOCK TABLE ONLY %I.%I IN ACCESS EXCLUSIVE MODE' END,
                           n.nspname, t.relname, pg_get_userbyid(t.relowner)) AS statement
      FROM unnest(rebuilt) x JOIN pg_index i ON i.indexrelid = x JOIN pg_class t ON t.oid = i.indrelid
      JOIN pg_namespace n ON n.oid = t.relnamespace
     ORDER BY 1
  LOOP
    EXECUTE item.statement;
  END LOOP;
  LOCK TABLE pg_proc IN ACCESS EXCLUSIVE MODE;
  PERFORM pg_stat_clear_snapshot();
  PERFORM pg_temp.refuse_other_sessions(terminate);

  -- The name "vector" has no objects; the real one comes instead.
  IF target = 'vector' AND EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') THEN
    DROP EXTENSION vector;
  END IF;

  -- What the target's own files create, looked at and rolled back. Only names of access methods are in its way.
  BEGIN
    UPDATE pg_am SET amname = 'moving_' || amname WHERE amname IN ('hnsw', 'ivfflat');
    EXECUTE format('CREATE SCHEMA %I', scratch);
    SET LOCAL client_min_messages = error;
    EXECUTE format('CREATE EXTENSION %I WITH SCHEMA %I', target, scratch);
    SELECT * INTO reference FROM pg_extension WHERE extname = target;
    comment := obj_description(reference.oid, 'pg_extension');
    SELECT jsonb_agg(m) INTO reference_members FROM pg_temp.members(reference.oid) m;
    SELECT jsonb_agg(s) INTO reference_support FROM pg_temp.support_functions(reference.oid) s;
    RAISE EXCEPTION USING ERRCODE = 'VXREF';
  EXCEPTION WHEN SQLSTATE 'VXREF' THEN
    NULL;
  END;
  IF reference_members IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'the files of extension "vector" on this server are those of vectorx',
      HINT = 'make uninstall-compat, then install pgvector.';
  END IF;
  IF target = 'vector' AND reference.extversion !~ '^0\.8\.[0-6]$' THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
      MESSAGE = format('cannot move to version %s of pgvector', reference.extversion), DETAIL = 'Versions 0.8.0 to 0.8.6 are known.';
  END IF;
  CREATE TEMP TABLE theirs ON COMMIT DROP AS
    SELECT kind, replace(object, scratch || '.', quote_ident(live_schema) || '.') AS object,
           replace(properties, scratch || '.', quote_ident(live_schema) || '.') AS properties,
           replace(definition, scratch || '.', quote_ident(live_schema) || '.') AS definition
      FROM jsonb_to_recordset(reference_members) AS r (kind text, object text, properties text, definition text);
  CREATE TEMP TABLE ours ON COMMIT DROP AS SELECT * FROM pg_temp.members(live.oid);
  CREATE TEMP TABLE their_support ON COMMIT DROP AS
    SELECT replace(family, scratch || '.', quote_ident(live_schema) || '.') AS family,
           replace(lefttype, scratch || '.', quote_ident(live_schema) || '.') AS lefttype,
           replace(righttype, scratch || '.', quote_ident(live_schema) || '.') AS righttype, number,
           replace(function, scratch || '.', quote_ident(live_schema) || '.') AS function,
           ARRAY(SELECT replace(type, scratch || '.', quote_ident(live_schema) || '.') FROM jsonb_array_elements_text(types) type) AS types
      FROM jsonb_to_recordset(reference_support)
        AS r (family text, lefttype text, righttype text, number int2, function text, types jsonb);

  -- Functions that only one of the two has come or go; in all else they have to be the same.
  SELECT string_agg(difference, E'\n') INTO problems FROM (
    SELECT format('%s %s: %s', kind, object, CASE
             WHEN o.object IS NULL THEN 'not in this database'
             WHEN t.object IS NULL THEN format('%s does not have it', product)
             ELSE format('here %s, in %s %s', o.properties, product, t.properties) END)
      FROM ours o FULL JOIN theirs t USING (kind, object)
     WHERE o.properties IS DISTINCT FROM t.properties
       AND NOT (kind = 'function' AND (o.object IS NULL OR t.object IS NULL))
     ORDER BY kind, object LIMIT 20
  ) differing (difference);
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('extension "%s" in this database is not what %s can stand for', source, product), DETAIL = problems;
  END IF;
  SELECT string_agg(format('%s (%s)', x::regclass, option), E'\n') INTO problems
    FROM unnest(rebuilt) x JOIN pg_class c ON c.oid = x JOIN pg_am a ON a.oid = c.relam, unnest(c.reloptions) option
   WHERE product = 'pgvector' AND a.amname IN ('hnsw', 'ivfflat') AND option !~ '^(m|ef_construction|lists)=';
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'pgvector does not know storage parameters of these indexes',
      DETAIL = problems, HINT = 'ALTER INDEX ... RESET (...) takes them away, at no cost.';
  END IF;

  -- 1. Functions: those of both keep all but their library, owners and privileges included.
  FOR item IN
    SELECT o.object, regexp_replace(o.definition, E'\nAS .*$', '') || substring(t.definition FROM E'\nAS .*$') AS statement
      FROM ours o JOIN theirs t USING (kind, object) WHERE kind = 'function'
  LOOP
    EXECUTE item.statement;
    functions := functions + 1;
  END LOOP;
  FOR item IN
    SELECT t.object, t.definition FROM theirs t LEFT JOIN ours o USING (kind, object) WHERE kind = 'function' AND o.object IS NULL
  LOOP
    EXECUTE item.definition;
    EXECUTE format('ALTER EXTENSION %I ADD FUNCTION %s', source, item.object);
    EXECUTE format('ALTER FUNCTION %s OWNER TO %I', item.object,
                   (SELECT proowner::regrole FROM pg_proc WHERE oid = format('%I.hnswhandler(internal)', live_schema)::regprocedure));
  END LOOP;

  -- 2. Support functions, with the dependencies that CREATE OPERATOR CLASS records.
  DELETE FROM pg_depend d USING pg_temp.support_functions(live.oid) s
   WHERE d.classid = 'pg_amproc'::regclass AND d.objid = s.entry
     AND NOT EXISTS (SELECT FROM their_support t WHERE (t.family, t.lefttype, t.righttype, t.number, t.function)
                                                     = (s.family, s.lefttype, s.righttype, s.number, s.function));
  DELETE FROM pg_amproc a USING pg_temp.support_functions(live.oid) s
   WHERE a.oid = s.entry
     AND NOT EXISTS (SELECT FROM their_support t WHERE (t.family, t.lefttype, t.righttype, t.number, t.function)
                                                     = (s.family, s.lefttype, s.righttype, s.number, s.function));
  FOR item IN
    SELECT pg_nextoid('pg_amproc'::regclass, 'oid', 'pg_amproc_oid_index'::regclass) AS oid, f.objid AS family, c.oid AS class,
           t.lefttype::regtype::oid AS lefttype, t.righttype::regtype::oid AS righttype, t.number, t.function::regprocedure::oid AS function,
           t.types
      FROM their_support t
      JOIN pg_depend f ON f.classid = 'pg_opfamily'::regclass AND f.refclassid = 'pg_extension'::regclass AND f.refobjid = live.oid
                      AND pg_temp.family_name(f.objid) = t.family
      JOIN pg_opclass c ON c.opcfamily = f.objid AND c.opcintype = t.lefttype::regtype
     WHERE NOT EXISTS (SELECT FROM pg_temp.support_functions(live.oid) s WHERE (t.family, t.lefttype, t.righttype, t.number)
                                                                             = (s.family, s.lefttype, s.righttype, s.number))
  LOOP
    INSERT INTO pg_amproc (oid, amprocfamily, amproclefttype, amprocrighttype, amprocnum, amproc)
    VALUES (item.oid, item.family, item.lefttype, item.righttype, item.number, item.function);
    INSERT INTO pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
    VALUES ('pg_amproc'::regclass, item.oid, 0, 'pg_proc'::regclass, item.function, 0, 'n'),
           ('pg_amproc'::regclass, item.oid, 0, 'pg_opclass'::regclass, item.class, 0, 'i');
    INSERT INTO pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
    SELECT 'pg_amproc'::regclass, item.oid, 0, 'pg_type'::regclass, type::regtype, 0, 'n' FROM unnest(item.types) type;
  END LOOP;

  -- What the target lacks goes: an error if something depends on it.
  FOR item IN
    SELECT o.object FROM ours o LEFT JOIN theirs t USING (kind, object) WHERE kind = 'function' AND t.object IS NULL
  LOOP
    EXECUTE format('ALTER EXTENSION %I DROP FUNCTION %s', source, item.object);
    EXECUTE format('DROP FUNCTION %s', item.object);
  END LOOP;

  -- 3. The extension itself.
  UPDATE pg_extension SET extname = target, extversion = reference.extversion, extrelocatable = reference.extrelocatable
   WHERE oid = live.oid;
  IF obj_description(live.oid, 'pg_extension') IS NOT DISTINCT FROM
     (SELECT e.comment FROM pg_available_extensions e WHERE e.name = source) THEN
    EXECUTE format('COMMENT ON EXTENSION %I IS %L', target, comment);
  END IF;
  IF target = 'vectorx' THEN
    CREATE FUNCTION pg_temp.vectorx_add_name(owner oid, schema oid, version text) RETURNS void AS '$libdir/vectorx' LANGUAGE C STRICT;
    PERFORM pg_temp.vectorx_add_name(live.extowner, live.extnamespace, '@DROP_IN_VERSION@');
    COMMENT ON EXTENSION vector IS 'vector data types and nearest-neighbour indexes, given by vectorx';
  END IF;

  -- 4. Indexes.
  RAISE NOTICE '% functions of extension "%" are now those of %', functions, source, product;
  FOR item IN
    SELECT format('%I.%I', n.nspname, c.relname) AS object, format('REINDEX INDEX %I.%I', n.nspname, c.relname) AS statement
      FROM unnest(rebuilt) x JOIN pg_class c ON c.oid = x JOIN pg_namespace n ON n.oid = c.relnamespace
     ORDER BY 1
  LOOP
    started := clock_timestamp();
    PERFORM pg_catalog.set_config('search_path', pg_catalog.current_setting('vectorx_move.search_path'), true);
    EXECUTE item.statement;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    RAISE NOTICE 'rebuilt index % in % s', item.object, round(extract(epoch FROM clock_timestamp() - started)::numeric, 1);
  END LOOP;
END
$$;

SELECT pg_temp.move(:'to', :'terminate') AS done \gset

\if :check
  ROLLBACK;
  \set note 'would move database ' :DBNAME ' to ' :to ': nothing has changed'
  \echo :note
\else
  COMMIT;
  \echo moved database :DBNAME to :to
\endif
