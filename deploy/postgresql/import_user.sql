-- Brings back one user's pads from the files that export_user.sql wrote to the working directory, in
-- one transaction. docs/dba.md has the whole procedure.
--
--     psql -d padws -f deploy/postgresql/import_user.sql
--
-- Pads that are gone come back with their backups, and the user with them; pads that are there stay
-- as they are. With -v overwrite=on these get the dump's scene and name, too; what that replaces
-- becomes their newest backup. Pads that have been given to another user are left alone, and listed.
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
CREATE TEMP TABLE restored_pictures (LIKE pad_ws.pictures INCLUDING DEFAULTS) ON COMMIT DROP;

\copy restored_users (id, username, email, email_verified, name, given_name, family_name, roles, created_at, updated_at) FROM 'restored_user.copy'
\copy restored_pads (id, owner_id, display_name, data, pictures, version, last_backup_at, created_at, updated_at, deleted_at) FROM 'restored_pads.copy'
\copy restored_backups (id, source_id, owner_id, data, pictures, reason, label, version, elements, digest, created_at, updated_at) FROM 'restored_backups.copy'
\copy restored_pictures (owner_id, digest, content, created_at) FROM 'restored_pictures.copy'

-- Under a placeholder where somebody else has the name or the address by now, as the service does.

INSERT INTO pad_ws.users (
    id, username, email, email_verified, name, given_name, family_name, roles, created_at, updated_at
)
SELECT
    r.id,
    CASE WHEN EXISTS (SELECT FROM pad_ws.users AS u WHERE u.username = r.username)
        THEN 'user_' || r.id ELSE r.username END,
    CASE WHEN EXISTS (SELECT FROM pad_ws.users AS u WHERE lower(u.email) = lower(r.email))
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

-- The rows of pads that are there are held until the end: no save comes in between. They come first, as in
-- every transaction (docs/dba.md, "Locks").

CREATE TEMP TABLE kept_pads ON COMMIT DROP AS
SELECT pads.id, pads.owner_id
FROM pad_ws.pads AS pads
INNER JOIN restored_pads USING (id, owner_id)
ORDER BY pads.id
FOR NO KEY UPDATE OF pads;

-- What another user has by now is that user's: it is left as it is, and the dump's is left out.

DELETE FROM restored_pads AS r
USING pad_ws.pads AS pads
WHERE pads.id = r.id AND pads.owner_id <> r.owner_id
RETURNING r.id AS "pad of another user by now", pads.owner_id AS "whose it is", r.display_name AS "was called";

DELETE FROM restored_backups
WHERE source_id NOT IN (SELECT id FROM restored_pads);

-- pad.ws stored some things that are no drawings, and that no new row may have.

UPDATE restored_pads
SET data = '{"elements": []}'
WHERE NOT pad_ws.is_scene(data);

DELETE FROM restored_backups
WHERE jsonb_typeof(data) <> 'object';

SELECT pg_advisory_xact_lock('pad_ws.pictures'::regclass::integer, hashtext(id::text)) AS adding_pictures
FROM restored_users;

-- All pictures of the dump; what no pad needs in the end, flask db-tidy deletes.

INSERT INTO pad_ws.pictures (owner_id, digest, content, created_at)
SELECT owner_id, digest, content, created_at
FROM restored_pictures
ORDER BY digest
ON CONFLICT DO NOTHING;

-- Those that are there already are held until something refers to them.

SELECT count(*) AS pictures_in_the_dump
FROM (
    SELECT
    FROM pad_ws.pictures AS pictures
    INNER JOIN restored_pictures USING (owner_id, digest)
    FOR KEY SHARE OF pictures
) AS held;

-- What was in the trash is there again, for its full time from now on.

INSERT INTO pad_ws.pads (
    id,
    owner_id,
    display_name,
    data,
    pictures,
    version,
    restored_version,
    last_backup_at,
    created_at,
    updated_at,
    deleted_at
)
SELECT
    id,
    owner_id,
    display_name,
    data,
    pictures,
    version + 1000000,
    version + 1000000,
    last_backup_at,
    created_at,
    now(),
    deleted_at
FROM restored_pads
WHERE id NOT IN (SELECT id FROM kept_pads);

INSERT INTO pad_ws.backups (
    id, source_id, owner_id, data, pictures, reason, label, version, elements, digest, created_at, updated_at
)
SELECT
    -- An id can be in use for another user's copy, who has brought in a takeout.
    CASE WHEN EXISTS (SELECT FROM pad_ws.backups AS b WHERE b.id = r.id) THEN gen_random_uuid() ELSE r.id END,
    source_id,
    owner_id,
    data,
    pictures,
    reason,
    label,
    version,
    elements,
    digest,
    created_at,
    updated_at
FROM restored_backups AS r
WHERE source_id NOT IN (SELECT id FROM kept_pads);

\if :overwrite
INSERT INTO pad_ws.backups (id, source_id, owner_id, data, pictures, reason, version, created_at, updated_at)
SELECT gen_random_uuid(), pads.id, pads.owner_id, pads.data, pads.pictures, 'restore', pads.version, now(), now()
FROM pad_ws.pads AS pads
INNER JOIN kept_pads USING (id, owner_id)
WHERE jsonb_typeof(pads.data) = 'object';

UPDATE pad_ws.pads AS pads
SET
    data = r.data,
    pictures = r.pictures,
    display_name = r.display_name,
    version = pads.version + 1,
    restored_version = pads.version + 1,
    last_backup_at = now(),
    updated_at = now(),
    saved_at = now(),
    arrived_at = now(),
    deleted_at = CASE WHEN pads.deleted_at IS NOT NULL THEN r.deleted_at END
FROM restored_pads AS r
INNER JOIN kept_pads USING (id, owner_id)
WHERE r.id = pads.id AND r.owner_id = pads.owner_id;
\endif

-- What pads and backups refer to, by their maps of pictures.

DELETE FROM pad_ws.pad_pictures AS needed
USING restored_pads AS r
WHERE needed.pad_id = r.id AND needed.owner_id = r.owner_id;

INSERT INTO pad_ws.pad_pictures (owner_id, pad_id, digest)
SELECT DISTINCT pads.owner_id, pads.id, decode(file.value, 'hex')
FROM pad_ws.pads AS pads
INNER JOIN restored_pads USING (id, owner_id)
CROSS JOIN LATERAL jsonb_each_text(pads.pictures) AS file;

INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
SELECT DISTINCT backups.owner_id, backups.id, decode(file.value, 'hex')
FROM pad_ws.backups AS backups
INNER JOIN restored_pads AS r ON backups.source_id = r.id AND backups.owner_id = r.owner_id
CROSS JOIN LATERAL jsonb_each_text(backups.pictures) AS file
ON CONFLICT DO NOTHING;

SELECT
    (SELECT count(*) FROM restored_pads) AS pads_in_the_dump, -- without those of others
    (SELECT count(*) FROM kept_pads) AS still_there,
    :'overwrite' AS overwritten;

COMMIT;
