-- Brings elements of a backup, with their pictures, back into the pad as it is (merge_pad), after backing up
-- what the pad is, unless any backup holds that already, and prunes. Ids that the backup does not have are
-- ignored; raises PW005 if it has none of them, and what merge_pad raises. No row, and nothing changed, if the
-- pad is not this owner's, not at an accepted version, or has no such backup.
-- Index: pads_id_owner_id_key, backups_id_owner_id_key; find_backup, store_backup,
-- prune_history, split_pictures, merge_pad, use_quota.

CREATE OR REPLACE FUNCTION pad_ws.restore_elements(
    owner_id uuid,
    pad_id uuid,
    backup_id uuid,
    element_ids text[],
    accepted_versions int8multirange,
    retention jsonb,
    new_pictures boolean,
    most_bytes bigint,
    most_values bigint
)
RETURNS TABLE (version bigint, updated_at timestamptz, pruned bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    never_due CONSTANT interval := INTERVAL '1000 years';
    pad record;
    backup record;
    part jsonb;
    freed bigint; -- bytes
BEGIN
    -- The pad's row first, as a save locks it: no save comes in between.
    SELECT pads.version, pads.pictures, pg_column_size(pads.data) AS bytes, pads.data #> '{}' AS data INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = restore_elements.pad_id
        AND pads.owner_id = restore_elements.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND OR NOT pad.version <@ accepted_versions THEN
        RETURN;
    END IF;

    SELECT backups.data #> '{}' AS data, backups.pictures INTO backup
    FROM pad_ws.backups AS backups
    WHERE
        backups.id = restore_elements.backup_id
        AND backups.source_id = restore_elements.pad_id
        AND backups.owner_id = restore_elements.owner_id;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    SELECT jsonb_build_object('elements', jsonb_agg(
        pad_ws.restored_element(was.element, now_is.element, floor(random() * 2147483647)::integer)
    )) INTO part
    FROM pad_ws.elements_by_id(backup.data) AS was
    LEFT JOIN pad_ws.elements_by_id(pad.data) AS now_is ON was.id = now_is.id
    WHERE was.id IN (SELECT unnest(element_ids));

    IF part -> 'elements' = 'null' THEN
        RAISE SQLSTATE 'PW005' USING MESSAGE = 'the backup has none of the elements';
    END IF;

    -- Of the backup's files those that these elements show.
    backup.data := jsonb_build_object('files', (
        SELECT coalesce(jsonb_object_agg(file.key, file.value), '{}')
        FROM jsonb_each(
            CASE jsonb_typeof(backup.data -> 'files') WHEN 'object' THEN backup.data -> 'files' ELSE '{}' END
        ) AS file
        WHERE
            file.key IN (
                SELECT shown.element ->> 'fileId'
                FROM jsonb_array_elements(part -> 'elements') AS shown (element)
            )
    ));
    backup.pictures := (
        SELECT jsonb_object_agg(apart.key, apart.value)
        FROM jsonb_each(backup.pictures) AS apart
        WHERE backup.data -> 'files' ? apart.key
    );
    IF new_pictures AND backup.pictures IS NULL THEN
        SELECT split.data, split.pictures INTO backup
        FROM pad_ws.split_pictures(owner_id, backup.data) AS split (data, pictures);
    END IF;

    IF
        jsonb_typeof(pad.data) = 'object' -- pad.ws keeps other things, too
        AND pad_ws.find_backup(owner_id, pad_id, pad.data, pad.pictures, TRUE) IS NULL
    THEN
        updated_at := clock_timestamp();
        -- As take_backup does, but for the quota, which comes last.
        PERFORM pad_ws.store_backup(owner_id, pad_id, gen_random_uuid(), updated_at, 'restore', NULL, NULL);
        SELECT pruning.pruned, pruning.freed INTO pruned, freed
        FROM pad_ws.prune_history(owner_id, pad_id, retention) AS pruning;
        UPDATE pad_ws.pads AS pads
        SET last_backup_at = restore_elements.updated_at
        WHERE
            pads.id = restore_elements.pad_id
            AND pads.owner_id = restore_elements.owner_id;
    END IF;

    SELECT merging.version, merging.updated_at INTO version, updated_at
    FROM pad_ws.merge_pad(
        owner_id,
        pad_id,
        part || backup.data,
        backup.pictures,
        NULL,
        new_pictures,
        '{(,)}',
        never_due,
        retention,
        most_bytes,
        most_values
    ) AS merging;
    IF pruned IS NOT NULL THEN
        PERFORM pad_ws.use_quota(owner_id, greatest(pad.bytes - freed, 0), FALSE);
    END IF;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.restore_elements IS
'Brings elements of a backup back into the pad as it is; no row if nothing was written.';
