-- Backs up a pad as it is now, as of a moment and for a reason, and prunes; returns how many old backups
-- were deleted. With `other`, that scene in its place. Raises PW003 if there is no room for it: that is, if it is
-- larger than those that it has replaced. To be called by whoever holds the lock on the pad's row.
-- Index: pads_id_owner_id_key; those of store_backup, prune_history and use_quota.

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
    bytes bigint := pg_column_size(other);
    freed bigint; -- bytes
BEGIN
    PERFORM pad_ws.store_backup(owner_id, pad_id, backup_id, taken_at, reason, other, other_pictures);
    SELECT pruning.pruned, pruning.freed INTO pruned, freed
    FROM pad_ws.prune_history(owner_id, pad_id, retention) AS pruning;
    IF bytes IS NULL THEN
        SELECT pg_column_size(pads.data) INTO bytes
        FROM pad_ws.pads AS pads
        WHERE
            pads.id = take_backup.pad_id
            AND pads.owner_id = take_backup.owner_id;
    END IF;
    PERFORM pad_ws.use_quota(owner_id, greatest(bytes - freed, 0), FALSE);
    RETURN pruned;
END
$$;

COMMENT ON FUNCTION pad_ws.take_backup IS
'Backs up a pad as it is now, and prunes; to be called by whoever holds the lock on the pad''s row.';
