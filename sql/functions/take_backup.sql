-- Backs up a pad as it is now, as of a moment and for a reason, and prunes; returns how many old backups
-- were deleted. With `other`, that scene in its place. Raises PW003 if there is no room for it: that is, if it is
-- larger than those that it has replaced. To be called by whoever holds the lock on the pad's row.
-- Index: those of store_backup, prune_history, bytes_of_backups and use_quota.

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
DECLARE
    pruned bigint;
    bytes_before CONSTANT bigint := pad_ws.bytes_of_backups(owner_id, pad_id);
    added bigint; -- bytes
BEGIN
    PERFORM pad_ws.store_backup(owner_id, pad_id, backup_id, taken_at, reason, other, other_pictures);
    pruned := pad_ws.prune_history(owner_id, pad_id, retention);
    added := pad_ws.bytes_of_backups(owner_id, pad_id) - bytes_before;
    IF added > 0 THEN
        PERFORM pad_ws.use_quota(owner_id, added, FALSE);
    END IF;
    RETURN pruned;
END
$$;

COMMENT ON FUNCTION pad_ws.take_backup IS
'Backs up a pad as it is now, and prunes; to be called by whoever holds the lock on the pad''s row.';
