-- Merges a part of a scene into a pad of its owner (merge_scene), as a save: raises the version, takes a
-- backup if one is due, prunes; all that only if the merge changes anything. `base_versions` are those
-- that the caller has seen, without bounds if it does not say. `refusal` says why nothing was done: they
-- are versions that the pad has never had (stale_version), or it was restored since (restored_since).
-- What an old copy replaces is kept as a backup, and what the pad was after a rest, or before most of it is
-- marked as deleted, unless the newest one holds it. No row: no such pad.
-- The part's pictures are apart, as in save_pad, which also says what is `missing`. With new_pictures
-- those that the pad still has in its scene are kept apart from now on.
-- Raises what merge_scene raises, PW001 where files nest too deeply (nest_deeply), PW002 where the drawing would be
-- larger than allowed, and PW003 where there is no room for what was added, or for what would be gone otherwise.
-- Index: pads_id_owner_id_key; backups_source_id_created_at_idx, where the pad does not say when its newest
-- backup was taken; bytes_of_pictures; split_pictures, add_pictures, keep_pictures; find_backup, take_backup;
-- finish_save.

CREATE OR REPLACE FUNCTION pad_ws.merge_pad(
    owner_id uuid,
    pad_id uuid,
    part jsonb,
    pictures jsonb,
    contents json,
    new_pictures boolean,
    base_versions int8multirange,
    backup_interval interval,
    retention jsonb,
    most_bytes bigint,
    most_values bigint
)
RETURNS TABLE (
    version bigint,
    updated_at timestamptz,
    others boolean,
    kept uuid,
    pruned bigint,
    refusal text,
    missing text[]
)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
    base bigint;
    held jsonb;
    held_pictures jsonb;
    mark text; -- what stands for a picture in its file, in front of the digest
    merged jsonb;
    merged_pictures jsonb;
    replaced boolean;
    reason text;
    newest_backup_at timestamptz;
    backup_is_due boolean;
BEGIN
    -- As a save does. The scene is decompressed once, here: `#> '{}'` gives it whole.
    SELECT
        pads.display_name,
        pads.version,
        pads.created_at,
        coalesce(pads.updated_at, pads.created_at, 'epoch') AS updated_at,
        pads.last_backup_at,
        coalesce(pads.saved_at, pads.updated_at, pads.created_at) AS saved_at,
        pads.restored_version,
        pads.pictures,
        pg_column_size(pads.data) AS bytes,
        pads.data #> '{}' AS data
    INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = merge_pad.pad_id
        AND pads.owner_id = merge_pad.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    version := pad.version;
    updated_at := pad.updated_at;
    IF NOT upper_inf(base_versions) THEN
        base := upper(base_versions * int8multirange(int8range(NULL, pad.version, '[]'))) - 1;
        others := base < pad.version;
        refusal := CASE
            WHEN base IS NULL THEN 'stale_version'
            WHEN base < pad.restored_version THEN 'restored_since'
        END;
    END IF;
    IF refusal IS NOT NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;

    -- A pad that pad.ws wrote is taken as it is shown.
    held := CASE pad.version
        WHEN 0 THEN pad_ws.stamp_scene(pad.data, pad_id, pad.display_name)
        ELSE pad.data
    END;
    held_pictures := pad.pictures;
    IF new_pictures AND held -> 'files' <> '{}' THEN
        SELECT split.rest, coalesce(held_pictures || split.pictures, held_pictures, split.pictures)
        INTO held, held_pictures
        FROM pad_ws.split_pictures(owner_id, held) AS split;
    END IF;
    IF pictures IS NOT NULL OR held_pictures IS NOT NULL THEN
        mark := gen_random_uuid(); -- which no scene contains already
        held := pad_ws.mark_pictures(held, held_pictures, mark);
        part := pad_ws.mark_pictures(part, pictures, mark);
    END IF;

    SELECT merging.scene, merging.replaced INTO merged, replaced
    FROM pad_ws.merge_scene(held, part) AS merging;
    IF merged IS NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;

    IF mark IS NOT NULL THEN
        SELECT unmarked.rest, unmarked.pictures INTO merged, merged_pictures
        FROM pad_ws.unmark_pictures(merged, mark) AS unmarked;
    END IF;
    IF merged_pictures IS NOT NULL AND part ? 'files' AND pad_ws.nest_deeply(merged -> 'files') THEN
        RAISE SQLSTATE 'PW001' USING MESSAGE = 'files beside pictures that are kept apart may not nest so deeply';
    END IF;
    IF merged_pictures IS DISTINCT FROM pad.pictures THEN
        missing := pad_ws.add_pictures(owner_id, merged_pictures, contents);
        IF missing IS NOT NULL THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    -- Pictures count as well; those that it had already, only where the scene itself has grown large.
    IF merged_pictures IS DISTINCT FROM pad.pictures OR 8 * pg_column_size(merged) > most_bytes / 2 THEN
        most_bytes := most_bytes - pad_ws.bytes_of_pictures(owner_id, merged_pictures);
    END IF;
    PERFORM pad_ws.check_size(merged, part, most_bytes, most_values);

    version := pad.version + 1;
    updated_at := clock_timestamp();
    newest_backup_at := pad.last_backup_at;
    IF newest_backup_at IS NULL THEN
        SELECT max(backups.created_at) INTO newest_backup_at
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = merge_pad.pad_id
            AND backups.owner_id = merge_pad.owner_id;
    END IF;
    backup_is_due := pad_ws.is_backup_due(newest_backup_at, updated_at, backup_interval);

    -- What was marked as deleted was not, before.
    reason := CASE
        WHEN replaced AND others THEN 'merge'
        WHEN
            backup_interval > INTERVAL '0' AND pad.saved_at <= updated_at - backup_interval
            THEN 'replaced'
        WHEN
            part @? '$.elements[*] ? (@.isDeleted == true)' AND pad_ws.loses_elements(pad.data, merged)
            THEN 'replaced'
    END;
    IF
        reason IS NOT NULL
        AND jsonb_typeof(pad.data) = 'object' -- pad.ws keeps other things, too
        AND pad_ws.find_backup(owner_id, pad_id, pad.data, pad.pictures, FALSE) IS NULL
    THEN
        kept := gen_random_uuid();
        BEGIN
            PERFORM pad_ws.take_backup(owner_id, pad_id, kept, updated_at, reason, NULL, NULL, retention);
        EXCEPTION WHEN SQLSTATE 'PW003' THEN
            IF reason = 'merge' OR pad_ws.loses_elements(pad.data, merged) THEN
                RAISE;
            END IF;
            kept := NULL;
        END;
    END IF;
    IF kept IS NOT NULL THEN
        newest_backup_at := updated_at;
        updated_at := updated_at + INTERVAL '1 microsecond'; -- so that a due one is the newer
    END IF;
    IF backup_is_due THEN
        backup_is_due := pad_ws.find_backup(owner_id, pad_id, merged, merged_pictures, FALSE) IS NULL;
    END IF;

    UPDATE pad_ws.pads AS pads
    SET
        data = pad_ws.stamp_scene(merged, merge_pad.pad_id, pad.display_name),
        pictures = merged_pictures,
        version = merge_pad.version,
        created_at = CASE
            WHEN pad.created_at > merge_pad.updated_at THEN merge_pad.updated_at
            ELSE pad.created_at
        END,
        updated_at = merge_pad.updated_at,
        last_backup_at = CASE WHEN backup_is_due THEN merge_pad.updated_at ELSE newest_backup_at END,
        saved_at = merge_pad.updated_at,
        arrived_at = now()
    WHERE
        pads.id = merge_pad.pad_id
        AND pads.owner_id = merge_pad.owner_id;

    IF merged_pictures IS DISTINCT FROM pad.pictures THEN
        PERFORM pad_ws.keep_pictures(owner_id, pad_id, merged_pictures);
    END IF;
    pruned := pad_ws.finish_save(
        owner_id, pad_id, contents, pad.bytes, CASE WHEN backup_is_due THEN updated_at END, retention
    );
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.merge_pad IS
'Merges a part of a scene into a pad, and backs it up when that is due; no row if there is no such pad.';
