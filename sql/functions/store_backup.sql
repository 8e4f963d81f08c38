-- Stores a pad as it is now as a backup, as of a moment and for a reason. To be called by whoever holds the lock on the
-- pad's row. The scene is copied as it is stored, compressed; its pictures are referred to.
-- Index: pads_id_owner_id_key, pad_pictures_pkey; backups_id_owner_id_key, pictures_pkey and users_pkey,
-- which foreign keys ask.

CREATE OR REPLACE FUNCTION pad_ws.store_backup(
    owner_id uuid, pad_id uuid, backup_id uuid, taken_at timestamptz, reason text
)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO pad_ws.backups (id, source_id, owner_id, data, pictures, reason, created_at, updated_at)
    SELECT
        store_backup.backup_id,
        pads.id,
        pads.owner_id,
        pads.data,
        pads.pictures,
        store_backup.reason,
        taken_at,
        taken_at
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = store_backup.pad_id
        AND pads.owner_id = store_backup.owner_id;

    INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
    SELECT needed.owner_id, store_backup.backup_id, needed.digest
    FROM pad_ws.pad_pictures AS needed
    WHERE
        needed.owner_id = store_backup.owner_id
        AND needed.pad_id = store_backup.pad_id;
END
$$;

COMMENT ON FUNCTION pad_ws.store_backup IS
'Stores a pad as it is now as a backup; to be called by whoever holds the lock on the pad''s row.';
