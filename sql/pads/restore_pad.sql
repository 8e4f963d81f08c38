-- Make a backup's scene the pad's, and prune; what it replaces has been backed up in the same
-- transaction, with one more backup kept than usual, so that the one to restore is not pruned.
-- No row if the pad is not this owner's, not at an accepted version, or has no such backup.
-- Index: pads_pkey, backups_pkey; prune_backups: backups_source_id_created_at_idx.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v backup_id="'…'" -v accepted_versions="'{(,)}'" -v keep=10 \
--      -f sql/pads/restore_pad.sql

WITH restored AS (
    UPDATE pad_ws.pads
    SET
        data = pad_ws.stamp_scene(backups.data, pads.id, pads.display_name),
        version = pads.version + 1,
        updated_at = greatest(clock_timestamp(), pads.created_at)
    FROM pad_ws.backups
    WHERE
        pads.id = :pad_id
        AND pads.owner_id = :owner_id
        AND pads.version <@ :accepted_versions::int8multirange
        AND backups.id = :backup_id
        AND backups.source_id = pads.id
    RETURNING pads.id, pads.version, pads.updated_at
)

SELECT
    version,
    updated_at,
    pad_ws.prune_backups(id, :keep::integer) AS pruned
FROM restored;
