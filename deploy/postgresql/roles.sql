-- Three roles with least privilege: one that the service connects as, one that migrates and owns
-- everything in pad_ws, one for monitoring and for people who only look.
--
-- Run by the database's owner or a superuser, in the database of padws, before the first
-- `flask db-upgrade` and once more after it; safe to run again at any time, in one transaction:
--
--     psql -d padws -f deploy/postgresql/roles.sql
--
-- Other names: -v service=… -v migrations=… -v monitoring=…
-- In a database of padws alone, -v dedicated=on takes away what PostgreSQL gives to everybody.
-- Set passwords afterwards: \password padws_service
--
-- A database that pad.ws made is handed over to the migrating role. A role that pad.ws itself still
-- connects as needs what the service's role has: GRANT padws_service TO that_role;

\set ON_ERROR_STOP on
\set QUIET on
\if :{?service} \else \set service padws_service \endif
\if :{?migrations} \else \set migrations padws_migrations \endif
\if :{?monitoring} \else \set monitoring padws_monitoring \endif

BEGIN;
SET LOCAL client_min_messages = warning; -- not what is there already

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY[:'service', :'migrations', :'monitoring']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- Only members of a role may make it an owner or change its defaults; superusers need not be members.
SELECT format('GRANT %I TO CURRENT_USER', :'migrations')
WHERE NOT pg_has_role(:'migrations', 'MEMBER')
\gexec

-- Time-outs for the service where a pooler in transaction mode keeps it from setting its own.
ALTER ROLE :"service" SET statement_timeout = '20s';
ALTER ROLE :"service" SET lock_timeout = '10s';
ALTER ROLE :"service" SET idle_in_transaction_session_timeout = '20s';
ALTER ROLE :"monitoring" SET statement_timeout = '60s';
ALTER ROLE :"monitoring" SET default_transaction_read_only = on;

-- The database

\if :{?dedicated}
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
\endif
GRANT CONNECT ON DATABASE :"DBNAME" TO :"service", :"migrations", :"monitoring";

-- The migrating role owns the schema and what is in it

CREATE SCHEMA IF NOT EXISTS pad_ws;
ALTER SCHEMA pad_ws OWNER TO :"migrations";

SELECT format('ALTER %s pad_ws.%I OWNER TO %I', kind, relname, :'migrations')
FROM pg_class
INNER JOIN (VALUES ('r', 'TABLE'), ('v', 'VIEW')) AS kinds (letter, kind) ON relkind = letter::"char"
WHERE relnamespace = 'pad_ws'::regnamespace
\gexec

SELECT format('ALTER FUNCTION %s OWNER TO %I', oid::regprocedure, :'migrations')
FROM pg_proc
WHERE pronamespace = 'pad_ws'::regnamespace
\gexec

-- What the first pad.ws kept is moved by way of temporary tables; nothing there is changed.
SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), :'migrations')
WHERE coalesce(to_regclass('public.canvas_data'), to_regclass('public.canvas_backups')) IS NOT NULL
\gexec

SELECT format('GRANT SELECT ON %s TO %I', old, :'migrations')
FROM (VALUES (to_regclass('public.canvas_data')), (to_regclass('public.canvas_backups'))) AS tables (old)
WHERE old IS NOT NULL
\gexec

-- What the other two may do: nothing but this

REVOKE ALL ON SCHEMA pad_ws FROM PUBLIC, :"service", :"monitoring";
REVOKE ALL ON ALL TABLES IN SCHEMA pad_ws FROM PUBLIC, :"service", :"monitoring";
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pad_ws FROM PUBLIC, :"service", :"monitoring";
GRANT USAGE ON SCHEMA pad_ws TO :"service", :"monitoring";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pad_ws TO :"service";

WITH given (role, name, privileges) AS (
    VALUES
    (:'service', 'users', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'service', 'pads', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'service', 'backups', 'SELECT, INSERT, DELETE'),
    (:'service', 'template_pads', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'service', 'access_tokens', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'service', 'pictures', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'service', 'pad_pictures', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'service', 'backup_pictures', 'SELECT, INSERT, UPDATE'),
    (:'service', 'links', 'SELECT, INSERT, DELETE'),
    (:'service', '_yoyo_migration', 'SELECT'), -- whether the schema is up to date
    (:'service', 'functions', 'SELECT'),
    (:'service', 'checks', 'SELECT, INSERT, UPDATE'), -- how db-verify and db-drill ended
    (:'service', 'tidied', 'SELECT, INSERT, UPDATE'), -- what db-tidy has removed
    (:'service', 'limits', 'SELECT, INSERT, UPDATE'), -- what one user may have
    (:'service', 'usage', 'SELECT, INSERT, UPDATE'),
    (:'monitoring', '_yoyo_migration', 'SELECT'), -- for flask db-status
    (:'monitoring', '_yoyo_log', 'SELECT'),
    (:'monitoring', 'functions', 'SELECT'),
    (:'monitoring', 'checks', 'SELECT'),
    (:'monitoring', 'tidied', 'SELECT'),
    (:'monitoring', 'monitoring_storage_by_user', 'SELECT'),
    (:'monitoring', 'monitoring_pictures_by_user', 'SELECT'),
    (:'monitoring', 'monitoring_links_by_user', 'SELECT'),
    (:'monitoring', 'monitoring_trash_by_user', 'SELECT'),
    (:'monitoring', 'monitoring_quotas', 'SELECT'),
    (:'monitoring', 'monitoring_history_by_user', 'SELECT'),
    (:'monitoring', 'monitoring_history_by_pad', 'SELECT'),
    (:'monitoring', 'monitoring_history_tiers', 'SELECT'),
    (:'monitoring', 'monitoring_largest_pads', 'SELECT'),
    (:'monitoring', 'monitoring_backup_age', 'SELECT'),
    (:'monitoring', 'monitoring_tables', 'SELECT')
)

SELECT format('GRANT %s ON pad_ws.%I TO %I', privileges, name, role)
FROM given
WHERE to_regclass('pad_ws.' || name) IS NOT NULL
\gexec

-- Of a backup the label changes, and the owner where its pad moves. A database that is not migrated yet has none: run this again then.

SELECT format('GRANT UPDATE (label, owner_id) ON pad_ws.backups TO %I', :'service')
WHERE
    EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('pad_ws.backups') AND attname = 'label'
    )
\gexec

-- Tables and functions of later migrations, so that a release works before a DBA has looked at it.

ALTER DEFAULT PRIVILEGES FOR ROLE :"migrations" IN SCHEMA pad_ws
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"migrations" IN SCHEMA pad_ws
GRANT EXECUTE ON FUNCTIONS TO :"service";

-- PostgreSQL's own statistics, where whoever runs this may give them.

SELECT format('GRANT pg_monitor TO %I', :'monitoring')
WHERE pg_has_role('pg_monitor', 'MEMBER WITH ADMIN OPTION')
\gexec

COMMIT;

SELECT to_regclass('pad_ws.pads') IS NULL AS not_migrated \gset
\if :not_migrated
\echo 'Now run flask db-upgrade as the migrating role, then this file again.'
\endif
