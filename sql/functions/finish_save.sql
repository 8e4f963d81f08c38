-- What follows once a scene has been written into a pad: a backup of it as of `backup_at` (null: none is due),
-- and the quota, for the pictures that came along and for what the pad has grown by since it took
-- `bytes_before`. Returns how many old backups were deleted; null: no backup was taken.
-- To be called last, by whoever holds the lock on the pad's row.
-- Index: those of take_backup, grown_by and use_quota.

CREATE OR REPLACE FUNCTION pad_ws.finish_save(
    owner_id uuid,
    pad_id uuid,
    contents json,
    bytes_before bigint,
    backup_at timestamptz,
    retention jsonb
)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    pruned bigint;
    added bigint; -- bytes
BEGIN
    IF backup_at IS NOT NULL THEN
        pruned := pad_ws.take_backup(
            owner_id, pad_id, gen_random_uuid(), backup_at, 'interval', NULL, NULL, retention
        );
    END IF;

    added := coalesce(pg_column_size(contents), 0) + pad_ws.grown_by(owner_id, pad_id, bytes_before);
    IF added > 0 THEN
        PERFORM pad_ws.use_quota(owner_id, added, FALSE);
    END IF;
    RETURN pruned;
END
$$;

COMMENT ON FUNCTION pad_ws.finish_save IS
'Takes the backup that is due after a save, and adds to what its owner takes; to be called last.';
