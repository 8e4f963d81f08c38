-- Backs up a pad of its owner as it is now, and prunes; gives the newest backup, with null in place of how
-- many were pruned, if that shows the same already. After the backup come its pictures that are kept
-- apart. No row: no such pad of this owner.
-- Index: pads_id_owner_id_key; find_backup, take_backup; backups_id_owner_id_key, backup_pictures_pkey, pictures_pkey.

CREATE OR REPLACE FUNCTION pad_ws.insert_backup(owner_id uuid, pad_id uuid, retention jsonb)
RETURNS TABLE (
    id uuid,
    taken_at timestamptz,
    reason text,
    label text,
    version bigint,
    elements integer,
    bytes integer,
    data jsonb,
    files jsonb,
    pictures jsonb,
    pruned bigint,
    digest text,
    content json
)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
BEGIN
    SELECT pads.data, pads.pictures INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = insert_backup.pad_id
        AND pads.owner_id = insert_backup.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    id := pad_ws.find_backup(owner_id, pad_id, pad.data, pad.pictures, FALSE);
    IF id IS NULL THEN
        taken_at := clock_timestamp();
        UPDATE pad_ws.pads AS pads
        SET last_backup_at = taken_at
        WHERE
            pads.id = insert_backup.pad_id
            AND pads.owner_id = insert_backup.owner_id;

        id := gen_random_uuid();
        pruned := pad_ws.take_backup(owner_id, pad_id, id, taken_at, 'manual', NULL, NULL, retention);
    END IF;

    RETURN QUERY
    SELECT
        backups.id,
        coalesce(backups.created_at, backups.updated_at, 'epoch'),
        backups.reason,
        backups.label,
        backups.version,
        backups.elements,
        pg_column_size(backups.data),
        CASE WHEN backups.pictures IS NULL THEN backups.data ELSE backups.data - 'files' END,
        CASE WHEN backups.pictures IS NOT NULL THEN backups.data -> 'files' END,
        backups.pictures,
        insert_backup.pruned,
        NULL::text,
        NULL::json
    FROM pad_ws.backups AS backups
    WHERE
        backups.id = insert_backup.id
        AND backups.owner_id = insert_backup.owner_id;

    RETURN QUERY
    SELECT
        NULL::uuid,
        NULL::timestamptz,
        NULL::text,
        NULL::text,
        NULL::bigint,
        NULL::integer,
        NULL::integer,
        NULL::jsonb,
        NULL::jsonb,
        NULL::jsonb,
        NULL::bigint,
        encode(kept.digest, 'hex'),
        kept.content
    FROM pad_ws.backup_pictures AS needed
    INNER JOIN pad_ws.pictures AS kept
        ON needed.digest = kept.digest AND kept.owner_id = insert_backup.owner_id
    WHERE
        needed.owner_id = insert_backup.owner_id
        AND needed.backup_id = insert_backup.id;
END
$$;

COMMENT ON FUNCTION pad_ws.insert_backup IS
'Backs up a pad as it is now; no row if there is no such pad.';
