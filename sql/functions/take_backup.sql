-- Backs up a pad as it is now, as of a moment and for a reason, and prunes; returns how many old backups
-- were deleted. With `other`, that scene in its place. To be called by whoever holds the lock on the pad's row.
-- Index: those of store_backup and prune_history.

CREATE OR REPLACE FUNCTION pad_ws.take_backup(
    owner_id uuid,
    pad_id uuid,
    backup_id uuid,
    taken_at timestamptz,
    reason text,
    other jsonb,
    other_pictures jsonb,
    retention jsonb
)
RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pad_ws.store_backup(owner_id, pad_id, backup_id, taken_at, reason, other, other_pictures);
    RETURN pad_ws.prune_history(owner_id, pad_id, retention);
END
$$;

COMMENT ON FUNCTION pad_ws.take_backup IS
'Backs up a pad as it is now, and prunes; to be called by whoever holds the lock on the pad''s row.';
