-- Gives a backup of a pad of this owner a label, or takes it away (null). Raises PW004 if 20 others of the
-- pad have one. No row: no such backup.
-- Index: pads_id_owner_id_key, backups_id_owner_id_key; labels_left.

CREATE OR REPLACE FUNCTION pad_ws.label_backup(owner_id uuid, pad_id uuid, backup_id uuid, label text)
RETURNS TABLE (
    id uuid,
    taken_at timestamptz,
    reason text,
    name text,
    version bigint,
    elements integer,
    bytes integer
)
LANGUAGE plpgsql
AS $$
BEGIN
    -- The pad's row first, as whoever prunes locks it: labels are counted, and nothing goes meanwhile.
    PERFORM
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = label_backup.pad_id
        AND pads.owner_id = label_backup.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    UPDATE pad_ws.backups AS backups
    SET label = label_backup.label
    WHERE
        backups.id = label_backup.backup_id
        AND backups.source_id = label_backup.pad_id
        AND backups.owner_id = label_backup.owner_id;
    RETURN QUERY
    SELECT
        backups.id,
        coalesce(backups.created_at, backups.updated_at, 'epoch'),
        backups.reason,
        backups.label,
        backups.version,
        backups.elements,
        pg_column_size(backups.data)
    FROM pad_ws.backups AS backups
    WHERE
        backups.id = label_backup.backup_id
        AND backups.source_id = label_backup.pad_id
        AND backups.owner_id = label_backup.owner_id;

    IF FOUND AND label IS NOT NULL AND pad_ws.labels_left(owner_id, pad_id) < 0 THEN
        RAISE SQLSTATE 'PW004' USING MESSAGE = 'too many backups of the pad have labels';
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.label_backup IS
'Gives a backup a label, or takes it away; no row if there is no such backup.';
