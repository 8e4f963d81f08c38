-- One backup of a pad of this owner. Where its pictures are kept apart, the scene's `files` is a column of its own,
-- and after the backup each picture once, unless the caller does not want them.
-- Index: pads_id_owner_id_key, backups_id_owner_id_key, backup_pictures_pkey, pictures_pkey.
-- psql -v backup_id="'…'" -v pad_id="'…'" -v owner_id="'…'" -v with_pictures=true -f sql/backups/get_backup.sql

WITH backup AS (
    SELECT
        id,
        coalesce(created_at, updated_at, 'epoch') AS timestamp,
        reason,
        label,
        version,
        elements,
        pg_column_size(data) AS bytes,
        data,
        pictures
    FROM pad_ws.backups
    WHERE
        id = :backup_id
        AND source_id = :pad_id
        AND owner_id = :owner_id
        AND EXISTS (
            SELECT FROM pad_ws.pads AS pads
            WHERE
                pads.id = :pad_id
                AND pads.owner_id = :owner_id
                -- Frozen ones are taken out.
                AND (pads.deleted_at IS NULL OR pads.deleted_at = 'infinity')
        )
)

SELECT
    backup.id,
    backup.timestamp,
    backup.reason,
    backup.label,
    backup.version,
    backup.elements,
    backup.bytes,
    CASE WHEN backup.pictures IS NULL THEN backup.data ELSE backup.data - 'files' END AS data,
    CASE WHEN backup.pictures IS NOT NULL THEN backup.data -> 'files' END AS files,
    backup.pictures,
    NULL AS digest,
    NULL::json AS content
FROM backup
UNION ALL
SELECT
    NULL AS id,
    NULL AS timestamp,
    NULL AS reason,
    NULL AS label,
    NULL AS version,
    NULL AS elements,
    NULL AS bytes,
    NULL AS data,
    NULL AS files,
    NULL AS pictures,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM backup
INNER JOIN pad_ws.backup_pictures AS needed
    ON backup.id = needed.backup_id AND needed.owner_id = :owner_id
INNER JOIN pad_ws.pictures AS kept ON needed.digest = kept.digest AND kept.owner_id = :owner_id
WHERE :with_pictures;
