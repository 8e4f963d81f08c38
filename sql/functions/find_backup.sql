-- A backup of a pad that holds a scene already, the two marks in appState.pad aside; null: none. Only the
-- newest is asked, unless `among_all`. One from the future (a clock that was set back) is not the newest.
-- To be called by whoever holds the lock on the pad's row.
-- Index: backups_source_id_created_at_idx.

CREATE OR REPLACE FUNCTION pad_ws.find_backup(
    owner_id uuid, pad_id uuid, scene jsonb, pictures jsonb, among_all boolean
)
RETURNS uuid
LANGUAGE plpgsql
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    hash CONSTANT bigint := pad_ws.digest_scene(scene, pictures);
    unmarked CONSTANT jsonb := pad_ws.unmarked_scene(scene);
BEGIN
    -- Older releases, and pad.ws, wrote no digest.
    RETURN (
        SELECT held.id
        FROM (
            SELECT
                backups.id,
                backups.digest,
                backups.data,
                backups.pictures
            FROM pad_ws.backups AS backups
            WHERE
                backups.source_id = find_backup.pad_id
                AND backups.owner_id = find_backup.owner_id
            ORDER BY
                backups.created_at > moment, backups.created_at DESC NULLS LAST, backups.id DESC
            LIMIT CASE WHEN among_all THEN NULL ELSE 1 END
        ) AS held
        WHERE
            coalesce(held.digest = hash, TRUE)
            AND held.pictures IS NOT DISTINCT FROM find_backup.pictures
            AND pad_ws.unmarked_scene(held.data #> '{}') = unmarked -- decompressed once
        LIMIT 1
    );
END
$$;

COMMENT ON FUNCTION pad_ws.find_backup IS
'A backup of a pad that holds a scene already; to be called by whoever holds the lock on the pad''s row.';
