-- Prints what an extension offers to SQL, one object a line, in the order of the bytes. For psql:
--   psql -AtXq -v extension=vectorx -f catalogue.sql
-- Names of objects in public carry no schema, those of other operators do, as their types print them.
SET search_path = public, pg_catalog;
-- Settings exist once the library has been loaded.
SELECT NULL FROM (SELECT '[1]'::vector) loaded WHERE false;

WITH member AS (
  SELECT d.classid, d.objid
  FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  WHERE e.extname = :'extension'
),
operator_class AS (
  SELECT c.opcname, c.opcfamily, c.opcintype::regtype AS type, c.opcdefault, m.amname
  FROM member JOIN pg_opclass c ON classid = 'pg_opclass'::regclass AND objid = c.oid JOIN pg_am m ON m.oid = c.opcmethod
),
catalogue (line) AS (
  SELECT format('function %s -> %s %s%s parallel=%s', p.oid::regprocedure, pg_get_function_result(p.oid),
                CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' WHEN 'v' THEN 'volatile' END,
                CASE WHEN p.proisstrict THEN ' strict' END, p.proparallel)
  FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid
  WHERE p.prokind = 'f'
UNION ALL
  SELECT format('aggregate %s -> %s parallel=%s combine=%s', p.oid::regprocedure, pg_get_function_result(p.oid),
                p.proparallel, a.aggcombinefn::regproc)
  FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid JOIN pg_aggregate a ON a.aggfnoid = p.oid
UNION ALL
  SELECT format('type %s len=%s align=%s storage=%s send=%s receive=%s typmodin=%s', t.oid::regtype, t.typlen,
                t.typalign, t.typstorage, t.typsend, t.typreceive, t.typmodin)
  FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid
  WHERE t.typelem = 0  -- not the arrays
UNION ALL
  SELECT format('operator %s -> %s commutator=%s negator=%s restrict=%s join=%s', o.oid::regoperator,
                o.oprresult::regtype, nullif(o.oprcom, 0)::regoper, nullif(o.oprnegate, 0)::regoper, o.oprrest, o.oprjoin)
  FROM member JOIN pg_operator o ON classid = 'pg_operator'::regclass AND objid = o.oid
UNION ALL
  SELECT format('cast %s -> %s context=%s', c.castsource::regtype, c.casttarget::regtype, c.castcontext)
  FROM member JOIN pg_cast c ON classid = 'pg_cast'::regclass AND objid = c.oid
UNION ALL
  SELECT format('access method %s type=%s', m.amname, m.amtype)
  FROM member JOIN pg_am m ON classid = 'pg_am'::regclass AND objid = m.oid
UNION ALL
  SELECT format('operator class %s using %s for %s default=%s', opcname, amname, type, opcdefault) FROM operator_class
UNION ALL
  SELECT format('operator of %s using %s: %s strategy=%s purpose=%s sort=%s', opcname, amname,
                o.amopopr::regoperator, o.amopstrategy, o.amoppurpose, s.opfname)
  FROM operator_class JOIN pg_amop o ON o.amopfamily = opcfamily LEFT JOIN pg_opfamily s ON s.oid = o.amopsortfamily
UNION ALL
  SELECT format('setting %s type=%s default=%s min=%s max=%s values=%s context=%s', name, vartype, boot_val, min_val,
                max_val, array_to_string(enumvals, ','), context)
  FROM pg_settings WHERE split_part(name, '.', 1) IN ('hnsw', 'ivfflat')
)
SELECT line FROM catalogue ORDER BY line COLLATE "C";
