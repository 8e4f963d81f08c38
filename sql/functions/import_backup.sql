-- Adds a backup of a takeout to a pad, and returns whether it did: one that the pad has already, under either id, is
-- left as it is, and with unless_equal so is any that holds the same scene. An id that is taken gives way to the
-- derived one. To be called by whoever holds the lock on the pad's row; the pictures must be there: see add_pictures.
-- Index: backups_id_owner_id_key; find_backup, labels_left; pads_id_owner_id_key,
-- pictures_pkey and users_pkey, which foreign keys ask.

CREATE OR REPLACE FUNCTION pad_ws.import_backup(
    owner_id uuid,
    pad_id uuid,
    backup_id uuid,
    derived_id uuid,
    scene jsonb,
    pictures jsonb,
    reason text,
    label text,
    version bigint,
    taken_at timestamptz,
    unless_equal boolean
)
RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    id uuid := backup_id;
    elements CONSTANT integer := (SELECT count(*) FROM pad_ws.element_keys(scene));
    digest CONSTANT bigint := pad_ws.digest_scene(scene, pictures);
BEGIN
    IF EXISTS (
        SELECT FROM pad_ws.backups AS backups
        WHERE
            backups.id IN (import_backup.backup_id, import_backup.derived_id)
            AND backups.source_id = import_backup.pad_id
            AND backups.owner_id = import_backup.owner_id
    ) THEN
        RETURN FALSE;
    END IF;
    IF unless_equal AND pad_ws.find_backup(owner_id, pad_id, scene, pictures, TRUE) IS NOT NULL THEN
        RETURN FALSE;
    END IF;

    IF label IS NOT NULL AND pad_ws.labels_left(owner_id, pad_id) <= 0 THEN
        label := NULL;
    END IF;

    LOOP
        INSERT INTO pad_ws.backups (
            id, source_id, owner_id, data, pictures, reason, label, version, elements, digest, created_at, updated_at
        )
        VALUES (
            id,
            pad_id,
            owner_id,
            scene,
            pictures,
            reason,
            label,
            version,
            elements,
            digest,
            taken_at,
            taken_at
        )
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        IF id = derived_id THEN
            RETURN FALSE;
        END IF;
        id := derived_id;
    END LOOP;

    INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
    SELECT DISTINCT import_backup.owner_id, id, decode(file.value, 'hex')
    FROM jsonb_each_text(pictures) AS file;
    RETURN TRUE;
END
$$;

COMMENT ON FUNCTION pad_ws.import_backup IS
'Adds a backup of a takeout to a pad, unless it has that; to be called by whoever holds the pad''s row.';
