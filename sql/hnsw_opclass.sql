-- amvalidate: the operator classes are right, and wrong ones are told so.
SELECT opcname, opcintype::regtype, opcdefault, amvalidate(c.oid) FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'hnsw' ORDER BY opcname;
SELECT opfname, amopopr::regoperator, amopstrategy, amoppurpose, amopsortfamily::regclass IS NOT NULL AS sorted
  FROM pg_amop o JOIN pg_opfamily f ON f.oid = amopfamily JOIN pg_am a ON a.oid = opfmethod WHERE amname = 'hnsw' ORDER BY opfname;

CREATE OPERATOR CLASS hnsw_without_support FOR TYPE vector USING hnsw AS OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops;
CREATE OPERATOR CLASS hnsw_without_operator FOR TYPE vector USING hnsw AS FUNCTION 1 hnsw_vector_l2_support(internal);
CREATE OPERATOR CLASS hnsw_search_operator FOR TYPE vector USING hnsw AS OPERATOR 1 = (vector, vector), FUNCTION 1 hnsw_vector_l2_support(internal);
CREATE OPERATOR CLASS hnsw_wrong_number FOR TYPE vector USING hnsw AS OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 2 hnsw_vector_l2_support(internal);
CREATE OPERATOR CLASS hnsw_wrong_support FOR TYPE vector USING hnsw AS OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 1 vector_norm(vector);
CREATE OPERATOR CLASS hnsw_wrong_strategy FOR TYPE vector USING hnsw AS OPERATOR 2 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 1 hnsw_vector_l2_support(internal);
SELECT opcname, amvalidate(c.oid) FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'hnsw' AND opcname LIKE 'hnsw_w%' ORDER BY opcname;
-- An index by a class without what it needs is an error; one that nothing can be ordered by is of no use.
CREATE TABLE hnsw_opclass (v vector(3));
INSERT INTO hnsw_opclass VALUES ('[1,2,3]');
CREATE INDEX ON hnsw_opclass USING hnsw (v hnsw_without_support);
CREATE INDEX ON hnsw_opclass USING hnsw (v hnsw_without_operator);
DROP TABLE hnsw_opclass;
DROP OPERATOR FAMILY hnsw_without_support USING hnsw;
DROP OPERATOR FAMILY hnsw_without_operator USING hnsw;
DROP OPERATOR FAMILY hnsw_search_operator USING hnsw;
DROP OPERATOR FAMILY hnsw_wrong_support USING hnsw;
DROP OPERATOR FAMILY hnsw_wrong_strategy USING hnsw;
-- Nobody but the access method calls support functions.
SELECT hnsw_vector_l2_support(NULL);
SELECT hnswhandler(NULL);
