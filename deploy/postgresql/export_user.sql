-- Writes one user's row, pads, backups and pictures from a restored dump to four files in the working
-- directory, for import_user.sql. docs/dba.md has the whole procedure.
--
--     psql -d padws_scratch -v user_id=… -f deploy/postgresql/export_user.sql

\set ON_ERROR_STOP on

COPY (
    SELECT id, username, email, email_verified, name, given_name, family_name, roles, created_at, updated_at
    FROM pad_ws.users
    WHERE id = :'user_id'
) TO STDOUT
\g restored_user.copy

COPY (
    SELECT
        id, owner_id, display_name, data, pictures, version, last_backup_at, created_at, updated_at,
        nullif(deleted_at, 'infinity') AS deleted_at -- frozen, while the user was being deleted
    FROM pad_ws.pads
    WHERE owner_id = :'user_id' AND deleted_at IS DISTINCT FROM '-infinity' -- deleted for good
) TO STDOUT
\g restored_pads.copy

COPY (
    SELECT
        backups.id,
        backups.source_id,
        pads.owner_id,
        backups.data,
        backups.pictures,
        backups.reason,
        backups.label,
        backups.version,
        backups.elements,
        backups.digest,
        backups.created_at,
        backups.updated_at
    FROM pad_ws.backups AS backups
    INNER JOIN pad_ws.pads AS pads ON backups.source_id = pads.id
    WHERE pads.owner_id = :'user_id' AND pads.deleted_at IS DISTINCT FROM '-infinity'
) TO STDOUT
\g restored_backups.copy

COPY (
    SELECT owner_id, digest, content, created_at
    FROM pad_ws.pictures
    WHERE owner_id = :'user_id'
) TO STDOUT
\g restored_pictures.copy
