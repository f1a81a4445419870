-- Loads the sample into the current database; run psql from the root of the checkout.
-- The extension that defines the type `vector` must be there.
\set ON_ERROR_STOP on

SET client_min_messages = warning;
BEGIN;
DROP TABLE IF EXISTS packages, questions;
CREATE TABLE packages (id int PRIMARY KEY, package text NOT NULL, section text NOT NULL, summary text NOT NULL,
                       embedding vector(384) NOT NULL);
CREATE TABLE questions (id int PRIMARY KEY, question text NOT NULL, embedding vector(384) NOT NULL);
\copy packages FROM PROGRAM 'gzip -dc examples/packages.copy.gz'
\copy questions FROM PROGRAM 'gzip -dc examples/queries.copy.gz'
COMMIT;
VACUUM ANALYZE packages, questions;
