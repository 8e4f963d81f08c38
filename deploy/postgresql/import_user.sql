-- Brings back one user's pads from the files that export_user.sql wrote to the working directory, in
-- one transaction. docs/dba.md has the whole procedure.
--
--     psql -d padws -f deploy/postgresql/import_user.sql
--
-- Pads that are gone come back with their backups, and the user with them; pads that are there stay
-- as they are. With -v overwrite=on these get the dump's scene and name, too; what that replaces
-- becomes their newest backup.
--
-- A pad that comes back continues a million versions later, so that no client takes its ETag for one
-- that it has seen since the dump. What an open client merges into it from an older version is refused.

\set ON_ERROR_STOP on
\if :{?overwrite} \else \set overwrite off \endif

BEGIN;
SET LOCAL lock_timeout = '4s';

CREATE TEMP TABLE restored_users (LIKE pad_ws.users INCLUDING DEFAULTS) ON COMMIT DROP;
CREATE TEMP TABLE restored_pads (LIKE pad_ws.pads INCLUDING DEFAULTS) ON COMMIT DROP;
CREATE TEMP TABLE restored_backups (LIKE pad_ws.backups INCLUDING DEFAULTS) ON COMMIT DROP;

\copy restored_users (id, username, email, email_verified, name, given_name, family_name, roles, created_at, updated_at) FROM 'restored_user.copy'
\copy restored_pads (id, owner_id, display_name, data, version, last_backup_at, created_at, updated_at) FROM 'restored_pads.copy'
\copy restored_backups (id, source_id, owner_id, data, reason, created_at, updated_at) FROM 'restored_backups.copy'

-- Under a placeholder where somebody else has the name or the address by now, as the service does.

INSERT INTO pad_ws.users (
    id, username, email, email_verified, name, given_name, family_name, roles, created_at, updated_at
)
SELECT
    r.id,
    CASE WHEN EXISTS (SELECT FROM pad_ws.users AS u WHERE u.username = r.username)
        THEN 'user_' || r.id ELSE r.username END,
    CASE WHEN EXISTS (SELECT FROM pad_ws.users AS u WHERE u.email = r.email)
        THEN 'user_' || r.id || '@example.com' ELSE r.email END,
    r.email_verified,
    r.name,
    r.given_name,
    r.family_name,
    r.roles,
    r.created_at,
    r.updated_at
FROM restored_users AS r
WHERE NOT EXISTS (SELECT FROM pad_ws.users AS u WHERE u.id = r.id);

-- The rows of pads that are there are held until the end: no save comes in between.

CREATE TEMP TABLE kept_pads ON COMMIT DROP AS
SELECT pads.id
FROM pad_ws.pads AS pads
WHERE pads.id IN (SELECT id FROM restored_pads)
FOR NO KEY UPDATE;

INSERT INTO pad_ws.pads (
    id, owner_id, display_name, data, version, restored_version, last_backup_at, created_at, updated_at
)
SELECT
    id, owner_id, display_name, data, version + 1000000, version + 1000000, last_backup_at, created_at, now()
FROM restored_pads
WHERE id NOT IN (SELECT id FROM kept_pads);

INSERT INTO pad_ws.backups (id, source_id, owner_id, data, reason, created_at, updated_at)
SELECT id, source_id, owner_id, data, reason, created_at, updated_at
FROM restored_backups
WHERE source_id NOT IN (SELECT id FROM kept_pads);

\if :overwrite
INSERT INTO pad_ws.backups (id, source_id, owner_id, data, reason, created_at, updated_at)
SELECT gen_random_uuid(), pads.id, pads.owner_id, pads.data, 'restore', now(), now()
FROM pad_ws.pads AS pads
INNER JOIN kept_pads USING (id);

UPDATE pad_ws.pads AS pads
SET
    data = r.data,
    display_name = r.display_name,
    version = pads.version + 1,
    restored_version = pads.version + 1,
    last_backup_at = now(),
    updated_at = now()
FROM restored_pads AS r
WHERE r.id = pads.id AND r.id IN (SELECT id FROM kept_pads);
\endif

SELECT
    (SELECT count(*) FROM restored_pads) AS pads_in_the_dump,
    (SELECT count(*) FROM kept_pads) AS still_there,
    :'overwrite' AS overwritten;

COMMIT;
