-- Backs up a pad as it is now, as of a moment and for a reason, and prunes; returns how many old backups
-- were deleted. To be called by whoever holds the lock on the pad's row. The scene is copied as it is
-- stored, compressed. Index: pads_id_owner_id_key; prune_history.

CREATE OR REPLACE FUNCTION pad_ws.take_backup(
    owner_id uuid, pad_id uuid, backup_id uuid, taken_at timestamptz, reason text, keep integer
)
RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO pad_ws.backups (id, source_id, owner_id, data, reason, created_at, updated_at)
    SELECT take_backup.backup_id, pads.id, pads.owner_id, pads.data, take_backup.reason, taken_at, taken_at
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = take_backup.pad_id
        AND pads.owner_id = take_backup.owner_id;
    RETURN pad_ws.prune_history(owner_id, pad_id, keep);
END
$$;

COMMENT ON FUNCTION pad_ws.take_backup(uuid, uuid, uuid, timestamptz, text, integer) IS
'Backs up a pad as it is now, and prunes; to be called by whoever holds the lock on the pad''s row.';
