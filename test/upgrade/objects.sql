-- Everything that the extension vectorx holds in this database, a line for each row of a catalog: a JSON object in which
-- OIDs are replaced by what they stand for, so that databases can be compared.

-- The row, with each reference to another object as that object's identity.
CREATE FUNCTION pg_temp.described(catalog regclass, entry jsonb) RETURNS text STABLE LANGUAGE plpgsql AS $$
DECLARE
  reference record;
  field text;
  named jsonb;
BEGIN
  FOR reference IN SELECT * FROM pg_get_catalog_foreign_keys() WHERE fktable = catalog AND array_length(fkcols, 1) = 1 LOOP
    field := reference.fkcols[1];
    -- regproc and its like, written as names already, and references by something else than an OID
    CONTINUE WHEN reference.pkcols <> '{oid}' OR (entry ->> field) ~ '[^0-9 ,"\[\]]';
    -- One or several, as oidvector has
    SELECT jsonb_agg(CASE WHEN element <> '0' THEN
               (SELECT format('%s %s', i.type, i.identity) FROM pg_identify_object(reference.pktable, element::oid, 0) i) END ORDER BY n)
      INTO named
      FROM regexp_matches(entry ->> field, '\d+', 'g') WITH ORDINALITY AS t (elements, n), unnest(elements) element;
    entry := jsonb_set(entry, ARRAY[field], coalesce(named, 'null'));
  END LOOP;
  RETURN format('%s: %s', catalog, entry - '{oid,extcondition}'::text[]);
END
$$;

CREATE TEMP VIEW members AS
  SELECT classid, objid FROM pg_depend
   WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
     AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'vectorx');

SELECT line FROM (
  SELECT pg_temp.described('pg_extension', to_jsonb(e)) FROM pg_extension e WHERE extname = 'vectorx'
  -- Expressions in the words of SQL: what is stored says where in the script they stood.
  UNION ALL SELECT pg_temp.described('pg_proc', to_jsonb(p) || jsonb_build_object('proargdefaults', pg_get_function_arguments(p.oid), 'prosqlbody', pg_get_function_sqlbody(p.oid))) FROM pg_proc p JOIN members m ON m.objid = p.oid AND classid = 'pg_proc'::regclass
  UNION ALL SELECT pg_temp.described('pg_aggregate', to_jsonb(a) || jsonb_build_object('aggfnoid', aggfnoid::oid::regprocedure))
              FROM pg_aggregate a JOIN members m ON m.objid = a.aggfnoid AND classid = 'pg_proc'::regclass
  UNION ALL SELECT pg_temp.described('pg_type', to_jsonb(t)) FROM pg_type t JOIN members m ON m.objid = t.oid AND classid = 'pg_type'::regclass
  UNION ALL SELECT pg_temp.described('pg_operator', to_jsonb(o)) FROM pg_operator o JOIN members m ON m.objid = o.oid AND classid = 'pg_operator'::regclass
  UNION ALL SELECT pg_temp.described('pg_cast', to_jsonb(c)) FROM pg_cast c JOIN members m ON m.objid = c.oid AND classid = 'pg_cast'::regclass
  UNION ALL SELECT pg_temp.described('pg_am', to_jsonb(a)) FROM pg_am a JOIN members m ON m.objid = a.oid AND classid = 'pg_am'::regclass
  UNION ALL SELECT pg_temp.described('pg_opfamily', to_jsonb(f)) FROM pg_opfamily f JOIN members m ON m.objid = f.oid AND classid = 'pg_opfamily'::regclass
  UNION ALL SELECT pg_temp.described('pg_opclass', to_jsonb(c)) FROM pg_opclass c JOIN members m ON m.objid = c.oid AND classid = 'pg_opclass'::regclass
  UNION ALL SELECT pg_temp.described('pg_amop', to_jsonb(o)) FROM pg_amop o JOIN members m ON m.objid = o.amopfamily AND classid = 'pg_opfamily'::regclass
  UNION ALL SELECT pg_temp.described('pg_amproc', to_jsonb(p)) FROM pg_amproc p JOIN members m ON m.objid = p.amprocfamily AND classid = 'pg_opfamily'::regclass
  -- What holds objects together, comments and privileges
  UNION ALL SELECT format('depends: %s on %s (%s)', pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), deptype)
              FROM pg_depend d JOIN members m USING (classid, objid)
  UNION ALL SELECT format('comment: %s: %s', pg_describe_object(classid, objid, 0), obj_description(objid, classid::regclass::name))
              FROM members WHERE obj_description(objid, classid::regclass::name) IS NOT NULL
  UNION ALL SELECT format('privileges: %s: %s', pg_describe_object(classid, objid, objsubid), initprivs) FROM pg_init_privs JOIN members ON (objoid, classoid) = (objid, classid)
  -- A kind of object for which a line above is missing
  UNION ALL SELECT format('not described: %s', pg_describe_object(classid, objid, 0)) FROM members
             WHERE classid::regclass::text NOT IN ('pg_proc', 'pg_type', 'pg_operator', 'pg_cast', 'pg_am', 'pg_opfamily', 'pg_opclass')
) t (line) ORDER BY line COLLATE "C";
