-- Stores a pad as it is now as a backup, as of a moment and for a reason; with `other`, that scene in
-- its place, which has never been the pad's. To be called by whoever holds the lock on the pad's row. The
-- pad's scene is copied as it is stored, compressed; pictures are referred to, and must be there.
-- Index: pads_id_owner_id_key, pad_pictures_pkey; backups_id_owner_id_key, pictures_pkey and users_pkey,
-- which foreign keys ask.

CREATE OR REPLACE FUNCTION pad_ws.store_backup(
    owner_id uuid,
    pad_id uuid,
    backup_id uuid,
    taken_at timestamptz,
    reason text,
    other jsonb,
    other_pictures jsonb
)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO pad_ws.backups (
        id, source_id, owner_id, data, pictures, reason, version, elements, digest, created_at, updated_at
    )
    SELECT
        store_backup.backup_id,
        pads.id,
        pads.owner_id,
        coalesce(other, pads.data),
        CASE WHEN other IS NULL THEN pads.pictures ELSE other_pictures END,
        store_backup.reason,
        CASE WHEN other IS NULL THEN pads.version END,
        CASE
            WHEN other IS NULL AND pads.counted_at = pads.updated_at THEN pads.elements
            ELSE (SELECT count(*) FROM pad_ws.element_keys(coalesce(other, pads.data)))
        END,
        CASE
            WHEN other IS NULL THEN pad_ws.digest_scene(pads.data, pads.pictures)
            ELSE pad_ws.digest_scene(other, other_pictures)
        END,
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
        AND needed.pad_id = store_backup.pad_id
        AND other IS NULL;

    IF other_pictures IS NOT NULL THEN
        INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
        SELECT DISTINCT store_backup.owner_id, store_backup.backup_id, decode(file.value, 'hex')
        FROM jsonb_each_text(other_pictures) AS file;
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.store_backup IS
'Stores a pad as it is now as a backup; to be called by whoever holds the lock on the pad''s row.';
