-- Spreads the tables of padws over the nodes of a Citus cluster, by user: what belongs to one user is
-- on one node, and a request asks that node alone. docs/citus.md has the whole procedure.
--
--     flask db-upgrade
--     psql -d padws -f deploy/citus/distribute.sql
--
-- Run as the owner of the tables, on the coordinator. It is one transaction: it does all or nothing, and
-- whoever wants to read or write waits for it meanwhile (docs/citus.md says how long). Run it again after
-- every `flask db-upgrade`, for tables and functions that are new; what has been done is left alone.
-- deploy/citus/undistribute.sql is the way back.

\set ON_ERROR_STOP on
\set QUIET on
\o /dev/null

SET client_min_messages = warning;

BEGIN;
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = 0;
-- Several tables are changed in one transaction: over one connection to each node.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

-- What belongs to a user, and the column that says to whom; what is referred to comes first. A further
-- table of a user's things gets its line here, and nothing else in this file. Its primary key, its
-- unique rules and its references to other such tables have to contain that column, or get it below.

CREATE TEMPORARY TABLE things_of_users (place serial, name text, owner name) ON COMMIT DROP;
INSERT INTO things_of_users (name, owner)
VALUES
('pad_ws.pads', 'owner_id'),
('pad_ws.backups', 'owner_id'),
('pad_ws.access_tokens', 'user_id'),
('pad_ws.pictures', 'owner_id'),
('pad_ws.pad_pictures', 'owner_id'),
('pad_ws.backup_pictures', 'owner_id'),
('pad_ws.links', 'owner_id'),
('pad_ws.usage', 'owner_id');

-- What everybody reads and hardly anybody changes: a copy of it is on every node. Among them
-- is what the service looks at to see whether the schema is up to date.

CREATE TEMPORARY TABLE on_every_node (place serial, name text) ON COMMIT DROP;
INSERT INTO on_every_node (name)
VALUES
('pad_ws.users'),
('pad_ws.template_pads'),
('pad_ws._yoyo_migration'),
('pad_ws.functions'),
('pad_ws.checks'),
('pad_ws.limits'),
('pad_ws.tidied');

-- What stops it

DO $$
DECLARE
    found text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RAISE EXCEPTION 'This database has no Citus'
        USING HINT = 'shared_preload_libraries = ''citus'', then CREATE EXTENSION citus on every node.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0) THEN
        RAISE EXCEPTION 'The coordinator does not know its own address'
        USING HINT = 'SELECT citus_set_coordinator_host(''its name'', 5432);';
    END IF;

    SELECT string_agg(missing.name, ', ') INTO found
    FROM (SELECT name FROM things_of_users UNION ALL SELECT name FROM on_every_node) AS missing
    WHERE to_regclass(missing.name) IS NULL;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'There is no %', found USING HINT = 'Run flask db-upgrade first.';
    END IF;

    -- A rule that does not hold for all rows would keep shards from being moved later.
    SELECT string_agg(format('%s on %s', conname, conrelid::regclass), ', ') INTO found
    FROM pg_constraint
    WHERE connamespace = 'pad_ws'::regnamespace AND NOT convalidated AND conparentid = 0;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Rules that do not hold for all rows: %', found
        USING HINT = 'Mend the rows, then ALTER TABLE … VALIDATE CONSTRAINT …; see padws doctor.';
    END IF;

    SELECT string_agg(DISTINCT conrelid::regclass::text, ', ') INTO found
    FROM pg_constraint
    WHERE
        contype = 'f'
        AND confrelid IN (SELECT name::regclass FROM things_of_users)
        AND conrelid NOT IN (SELECT name::regclass FROM things_of_users);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Other tables refer to what is to be distributed: %', found
        USING HINT = 'Give them the owner and a line in this file, or drop the reference.';
    END IF;
END
$$;

CREATE TEMPORARY TABLE to_distribute ON COMMIT DROP AS
SELECT place, name::regclass AS relation, owner
FROM things_of_users
WHERE name::regclass NOT IN (SELECT logicalrelid FROM pg_dist_partition);

-- Nobody can write to these tables until the end

SELECT format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', name)
FROM things_of_users
WHERE name::regclass IN (SELECT relation FROM to_distribute)
ORDER BY place
\gexec

-- References are taken away, and put back below: they can only be made between distributed tables. Those
-- without the owner are not: one that has the owner says the same.

CREATE TEMPORARY TABLE of_one_owner ON COMMIT DROP AS
SELECT conrelid::regclass AS relation, conname, pg_get_constraintdef(pg_constraint.oid) AS definition
FROM pg_constraint
INNER JOIN to_distribute ON relation = conrelid
INNER JOIN pg_attribute ON attrelid = conrelid AND attname = owner AND attnum = ANY(conkey)
WHERE contype = 'f';

SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
FROM pg_constraint
INNER JOIN to_distribute ON relation = conrelid
WHERE contype = 'f'
\gexec

-- This one gives a backup the owner of its pad, for pad.ws and earlier releases. They cannot write to a
-- distributed database, nor can triggers be there.

SELECT 'DROP TRIGGER IF EXISTS fill_backup_owner ON pad_ws.backups'
FROM to_distribute WHERE relation = 'pad_ws.backups'::regclass
\gexec

-- Keys and unique rules get the owner. No node looks on another one whether a value is there already;
-- ids are random, so they are unique without that, and so are the digests of tokens.

SELECT format(
    'ALTER TABLE %1$s DROP CONSTRAINT %2$I, ADD CONSTRAINT %2$I %3$s (%4$s, %5$I)',
    conrelid::regclass,
    conname,
    CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END,
    (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY position)
        FROM unnest(conkey) WITH ORDINALITY AS columns (number, position)
        INNER JOIN pg_attribute ON attrelid = conrelid AND attnum = number
    ),
    owner
)
FROM pg_constraint
INNER JOIN to_distribute ON relation = conrelid
WHERE
    contype IN ('p', 'u')
    AND NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = conrelid AND attname = owner AND attnum = ANY(conkey)
    )
ORDER BY contype, conname
\gexec

-- The tables: rows are copied to the nodes

SELECT format('SELECT create_reference_table(%L)', name)
FROM on_every_node
WHERE name::regclass NOT IN (SELECT logicalrelid FROM pg_dist_partition)
ORDER BY place
\gexec

SELECT format(
    'SELECT create_distributed_table(%L, %L%s)',
    relation,
    owner,
    CASE WHEN relation <> 'pad_ws.pads'::regclass THEN ', colocate_with => ''pad_ws.pads''' END
)
FROM to_distribute
ORDER BY place
\gexec

SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', relation, conname, definition)
FROM of_one_owner
INNER JOIN to_distribute USING (relation)
ORDER BY place, conname
\gexec

-- The functions: one whose first argument is the owner runs on the owner's node, as a whole

SELECT format(
    CASE
        WHEN proargnames[1] = 'owner_id'
            THEN 'SELECT create_distributed_function(%L, ''owner_id'', colocate_with => ''pad_ws.pads'')'
        ELSE 'SELECT create_distributed_function(%L)'
    END,
    pg_proc.oid::regprocedure
)
FROM pg_proc
WHERE
    pronamespace = 'pad_ws'::regnamespace
    AND prokind = 'f'
    AND prorettype <> 'trigger'::regtype
    AND NOT EXISTS (
        SELECT FROM pg_dist_object
        WHERE
            classid = 'pg_proc'::regclass
            AND objid = pg_proc.oid
            AND coalesce(distribution_argument_index = 0, FALSE) = coalesce(proargnames[1] = 'owner_id', FALSE)
    )
ORDER BY proname
\gexec

COMMIT;

-- What is left of the rows in the coordinator's own tables, where nobody reads any more, takes up room.

SELECT format('SELECT truncate_local_data_after_distributing_table(%L)', logicalrelid)
FROM pg_dist_partition
WHERE logicalrelid::text LIKE 'pad_ws.%' AND pg_relation_size(logicalrelid) > 0
\gexec

\o
SELECT table_name, citus_table_type AS kind, distribution_column AS owner, table_size, shard_count AS shards
FROM citus_tables
ORDER BY table_name::text;
