-- Deletes all but the newest backups of a pad, and returns how many those were. To be called by
-- whoever holds the lock on the pad's row. Backups from the future (a clock that was set back) go first.
-- Index: backups_source_id_created_at_idx, backups_id_owner_id_key; backup_pictures_pkey, for a foreign key.

CREATE OR REPLACE FUNCTION pad_ws.prune_history(owner_id uuid, pad_id uuid, keep integer)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    pruned bigint;
BEGIN
    DELETE FROM pad_ws.backups AS backups
    WHERE
        backups.owner_id = prune_history.owner_id
        AND backups.id IN (
            SELECT old.id
            FROM pad_ws.backups AS old
            WHERE
                old.owner_id = prune_history.owner_id
                AND old.source_id = prune_history.pad_id
            ORDER BY old.created_at > clock_timestamp(), old.created_at DESC NULLS LAST, old.id DESC
            OFFSET prune_history.keep
        );
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;

COMMENT ON FUNCTION pad_ws.prune_history IS
'Deletes all but the newest backups of a pad; to be called by whoever holds the lock on the pad''s row.';
