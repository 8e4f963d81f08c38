-- The newest backups over all of a user's pads, newest first: of each pad no more than the limit
-- is looked at. Where pictures are kept apart, the scenes' files come beside them, and after the backups
-- each picture once, unless the caller does not want them. Scenes are left out (null) when the caller does not want
-- them.
-- Index: pads_owner_id_created_at_live_idx, backups_source_id_created_at_idx, backup_pictures_pkey, pictures_pkey.
-- psql -v owner_id="'…'" -v with_data=true -v with_pictures=true -v limit=10 -f sql/backups/list_recent_backups.sql

WITH listed AS (
    SELECT
        backup.id,
        backup.source_id,
        backup.reason,
        backup.label,
        backup.version,
        backup.elements,
        backup.bytes,
        backup.data,
        backup.pictures,
        backup.created_at,
        backup.updated_at
    FROM pad_ws.pads AS pads
    INNER JOIN LATERAL (
        SELECT
            backups.id,
            backups.source_id,
            backups.reason,
            backups.label,
            backups.version,
            backups.elements,
            pg_column_size(backups.data) AS bytes,
            backups.data,
            backups.pictures,
            backups.created_at,
            backups.updated_at
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = pads.id
            AND backups.owner_id = :owner_id
        ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC
        LIMIT :limit::integer
    ) AS backup ON TRUE
    WHERE
        pads.owner_id = :owner_id
        AND pads.deleted_at IS NULL
    ORDER BY backup.created_at DESC NULLS LAST, backup.id DESC
    LIMIT :limit::integer
)

(
    SELECT
        listed.id,
        coalesce(listed.created_at, listed.updated_at, 'epoch') AS timestamp,
        listed.reason,
        listed.label,
        listed.version,
        listed.elements,
        listed.bytes,
        CASE
            WHEN NOT :with_data THEN NULL
            WHEN listed.pictures IS NULL THEN listed.data
            ELSE listed.data - 'files'
        END AS data,
        CASE WHEN :with_data AND listed.pictures IS NOT NULL THEN listed.data -> 'files' END AS files,
        CASE WHEN :with_data THEN listed.pictures END AS pictures,
        listed.source_id AS pad_id,
        NULL AS digest,
        NULL::json AS content
    FROM listed
    ORDER BY listed.created_at DESC NULLS LAST, listed.id DESC
)
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
    NULL AS pad_id,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM (
    SELECT DISTINCT needed.digest
    FROM listed
    INNER JOIN pad_ws.backup_pictures AS needed
        ON listed.id = needed.backup_id AND needed.owner_id = :owner_id
    WHERE :with_data AND :with_pictures
) AS needed
INNER JOIN pad_ws.pictures AS kept ON needed.digest = kept.digest AND kept.owner_id = :owner_id;
