-- depends: 20261125_0007_lz4
--
-- Which of the rules in sql/functions/ the database has. `flask db-upgrade` puts them there, after the
-- migrations, wherever this table says something else than the files.
--
-- Locks: none on tables that are there.

CREATE TABLE IF NOT EXISTS pad_ws.functions (
    name text PRIMARY KEY,
    digest text NOT NULL,
    release text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pad_ws.functions IS
'Which rules (functions, from sql/functions/) this database has.';
COMMENT ON COLUMN pad_ws.functions.name IS 'The function, and the file without .sql.';
COMMENT ON COLUMN pad_ws.functions.digest IS 'SHA-256 of the file.';
COMMENT ON COLUMN pad_ws.functions.release IS 'The release of padws that has put it there.';
COMMENT ON COLUMN pad_ws.functions.applied_at IS 'When.';
