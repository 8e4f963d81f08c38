-- The schema that holds everything of padws, so that it can share a database with others.
--
-- The migration command has made it already (yoyo keeps its own tables in it and needs it before
-- the first migration); this file makes the history whole. Asked first, because even with IF NOT
-- EXISTS a role needs CREATE on the database, which one that uses a DBA's schema may lack.
-- Locks: none worth naming.

DO $$
BEGIN
    IF to_regnamespace('pad_ws') IS NULL THEN
        CREATE SCHEMA pad_ws;
    END IF;
END
$$;
