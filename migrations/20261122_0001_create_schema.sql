-- The schema that holds everything of padws, so that it can share a database with others.
--
-- The migration command has made it already (yoyo keeps its own tables in it and needs it before
-- the first migration); this file makes the history whole. Locks: none worth naming.

CREATE SCHEMA IF NOT EXISTS pad_ws;
