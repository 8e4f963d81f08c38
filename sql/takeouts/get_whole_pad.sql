-- One pad of its owner as of one moment, for a takeout: its scene, and what there is to say of its
-- backups beside their scenes, oldest first, as JSON. Where its pictures are kept apart, the scene's `files`
-- is a column of its own. A pad at version 0 was written by pad.ws, and is taken as it is shown.
-- Index: pads_id_owner_id_key, backups_source_id_created_at_idx.
-- psql -v pad_id="'…'" -v owner_id="'…'" -f sql/takeouts/get_whole_pad.sql

WITH pad AS (
    SELECT
        id,
        display_name,
        CASE version WHEN 0 THEN pad_ws.stamp_scene(data, id, display_name) ELSE data END AS data,
        pictures,
        coalesce(created_at, updated_at, 'epoch') AS created_at,
        coalesce(updated_at, created_at, 'epoch') AS updated_at,
        version
    FROM pad_ws.pads
    WHERE
        id = :pad_id
        AND owner_id = :owner_id
        -- Frozen ones are taken out.
        AND (deleted_at IS NULL OR deleted_at = 'infinity')
)

SELECT
    pad.id,
    pad.display_name,
    CASE WHEN pad.pictures IS NULL THEN pad.data ELSE pad.data - 'files' END AS data,
    CASE WHEN pad.pictures IS NOT NULL THEN pad.data -> 'files' END AS files,
    pad.pictures,
    pad.created_at,
    pad.updated_at,
    pad.version,
    coalesce((
        SELECT
            jsonb_agg(
                jsonb_build_object(
                    'id', backups.id,
                    'timestamp', coalesce(backups.created_at, backups.updated_at, 'epoch'),
                    'reason', backups.reason,
                    'label', backups.label,
                    'version', backups.version
                )
                ORDER BY backups.created_at NULLS FIRST, backups.id
            )
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = :pad_id
            AND backups.owner_id = :owner_id
    ), '[]') AS history
FROM pad;
