-- Backs up what is about to be replaced in a pad, unless its newest backup holds that already; says the
-- backup's id. To be called by whoever holds the lock on the pad's row.
-- Index: backups_source_id_created_at_idx; take_backup.

CREATE OR REPLACE FUNCTION pad_ws.keep_replaced(
    owner_id uuid,
    pad_id uuid,
    scene jsonb,
    pictures jsonb,
    reason text,
    moment timestamptz,
    keep integer
)
RETURNS uuid
LANGUAGE plpgsql
AS $$
DECLARE
    newest record;
    backup_id uuid;
BEGIN
    SELECT backups.data, backups.pictures INTO newest
    FROM pad_ws.backups AS backups
    WHERE
        backups.source_id = keep_replaced.pad_id
        AND backups.owner_id = keep_replaced.owner_id
    ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC
    LIMIT 1;

    IF NOT FOUND OR newest.data <> scene OR newest.pictures IS DISTINCT FROM pictures THEN
        backup_id := gen_random_uuid();
        PERFORM pad_ws.take_backup(owner_id, pad_id, backup_id, moment, reason, keep);
    END IF;
    RETURN backup_id;
END
$$;

COMMENT ON FUNCTION pad_ws.keep_replaced IS
'Backs up what is about to be replaced in a pad, unless its newest backup holds that already.';
