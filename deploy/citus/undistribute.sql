-- The way back from a Citus cluster: all of padws's tables on the coordinator alone, as the migrations
-- make them on one machine. docs/citus.md has the whole procedure.
--
--     psql -d padws -f deploy/citus/undistribute.sql
--
-- Run as the owner of the tables, on the coordinator, which needs room for all rows. It is one
-- transaction: it does all or nothing, and whoever wants to read or write waits for it meanwhile. Where
-- nothing is distributed it changes nothing.

\set ON_ERROR_STOP on
\set QUIET on
\o /dev/null

SET client_min_messages = warning;

BEGIN;
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = 0;
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

SELECT EXISTS (
    SELECT FROM pg_dist_partition WHERE logicalrelid = 'pad_ws.pads'::regclass
) AS is_distributed \gset

-- Citus makes tables and views anew. What it forgets is put back below: comments, and who may read views.

CREATE TEMPORARY TABLE forgotten ON COMMIT DROP AS
SELECT
    format(
        'COMMENT ON %s %s IS %L',
        CASE
            WHEN objsubid > 0 THEN 'COLUMN'
            WHEN relkind = 'r' THEN 'TABLE'
            WHEN relkind = 'v' THEN 'VIEW'
            ELSE 'INDEX'
        END,
        concat_ws('.', pg_class.oid::regclass::text, quote_ident(attname)),
        description
    ) AS statement
FROM pg_description
INNER JOIN pg_class ON pg_class.oid = objoid AND classoid = 'pg_class'::regclass
LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0
WHERE relnamespace = 'pad_ws'::regnamespace
UNION ALL
SELECT format('GRANT %s ON %s TO %s', privilege_type, pg_class.oid::regclass, coalesce(quote_ident(rolname), 'PUBLIC'))
FROM pg_class
CROSS JOIN LATERAL aclexplode(relacl)
LEFT JOIN pg_roles ON pg_roles.oid = grantee
WHERE relnamespace = 'pad_ws'::regnamespace AND relkind = 'v';

-- The tables: rows are copied back. What refers to one another comes at once.

\if :is_distributed
SELECT undistribute_table('pad_ws.pads', cascade_via_foreign_keys => TRUE);
\endif

SELECT format('SELECT undistribute_table(%L)', logicalrelid)
FROM pg_dist_partition
WHERE logicalrelid::text LIKE 'pad_ws.%'
\gexec

\if :is_distributed

-- Keys and unique rules without the owner

ALTER TABLE pad_ws.pads
DROP CONSTRAINT pads_pkey, ADD CONSTRAINT pads_pkey PRIMARY KEY (id);

ALTER TABLE pad_ws.backups
DROP CONSTRAINT backups_pkey, ADD CONSTRAINT backups_pkey PRIMARY KEY (id);
-- A rule of its own says that there is one; what a primary key leaves behind would stop earlier releases.
ALTER TABLE pad_ws.backups ALTER COLUMN owner_id DROP NOT NULL;

ALTER TABLE pad_ws.access_tokens
DROP CONSTRAINT access_tokens_pkey, ADD CONSTRAINT access_tokens_pkey PRIMARY KEY (id),
DROP CONSTRAINT access_tokens_token_digest_key,
ADD CONSTRAINT access_tokens_token_digest_key UNIQUE (token_digest);

-- The reference without the owner, and the trigger, for pad.ws and earlier releases

ALTER TABLE pad_ws.backups
ADD CONSTRAINT backups_source_id_fkey FOREIGN KEY (source_id) REFERENCES pad_ws.pads (id) ON DELETE CASCADE;

CREATE OR REPLACE TRIGGER fill_backup_owner
BEFORE INSERT ON pad_ws.backups
FOR EACH ROW
WHEN (new.owner_id IS NULL)
EXECUTE FUNCTION pad_ws.fill_backup_owner();

\endif

SELECT statement FROM forgotten
\gexec

COMMIT;

\o
SELECT relname AS table_name, pg_size_pretty(pg_total_relation_size(oid)) AS table_size
FROM pg_class
WHERE relnamespace = 'pad_ws'::regnamespace AND relkind = 'r'
ORDER BY relname;
