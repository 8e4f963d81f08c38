-- Saves a scene: writes it if the pad is this owner's and at an accepted version, raises the version,
-- keeps what it replaces where that matters, takes a backup if one is due, prunes. `pictures` maps each file
-- whose picture is kept apart to its digest; `contents` need only have those that are not stored yet. If any
-- is missing, nothing is written, and the row has the digests. No row: no such pad, or another version.
--
-- What is replaced matters if most of the drawing or a picture would be gone, if an old copy is saved over a
-- newer one, if the pad had rested, or if it was written while this save was arriving (it has `waited` since
-- its first byte came). What the caller has counted in the scene (padws/scene_counts.py; null: nothing) goes
-- into the row: the next save need not open the scene to tell. A scene that is equal to the pad's is not written
-- again: all else is as with any other. A save is `overtaken` if one that came later is written already: the pad
-- stays as it is, and this scene becomes a backup.
-- Index: pads_id_owner_id_key; where the pad has no last_backup_at, backups_source_id_created_at_idx; where
-- pictures has changed, add_pictures and keep_pictures; keep_replaced, keep_overtaken, find_backup, finish_save.

CREATE OR REPLACE FUNCTION pad_ws.save_pad(
    owner_id uuid,
    pad_id uuid,
    scene jsonb,
    pictures jsonb,
    contents json,
    elements integer,
    versions bigint,
    element_hashes integer[],
    inline_pictures bigint,
    waited interval,
    accepted_versions int8multirange,
    backup_interval interval,
    retention jsonb
)
RETURNS TABLE (
    version bigint,
    updated_at timestamptz,
    pruned bigint,
    missing text[],
    kept uuid,
    overtaken boolean
)
LANGUAGE plpgsql
AS $$
DECLARE
    -- now() is when the statement came here, before it waited for anything.
    came_at CONSTANT timestamptz := now() - waited;
    -- Of two that came within this time it cannot be told which was the first.
    tolerance CONSTANT interval := INTERVAL '500 milliseconds';
    has_seen CONSTANT boolean := NOT upper_inf(accepted_versions); -- what it replaces
    pad record;
    is_unchanged boolean := FALSE;
    newest_backup_at timestamptz;
    backup_is_due boolean;
    has_other_pictures boolean;
    is_counted boolean;
    has_rested boolean;
    is_older boolean; -- null: not known
    is_kept_as_older boolean;
BEGIN
    -- Saves of one pad queue for its row here. Whatever depends on the save before is decided after
    -- that: which version this is, what time it is, and whether a backup is due.
    SELECT
        pads.display_name,
        pads.version,
        pads.created_at,
        pads.updated_at,
        pads.last_backup_at,
        pads.pictures,
        pads.elements,
        pads.versions,
        pads.element_hashes,
        pads.inline_pictures,
        pads.counted_at,
        coalesce(pads.saved_at, pads.updated_at, pads.created_at) AS saved_at,
        pads.arrived_at,
        pads.overwritten_at,
        pg_column_size(pads.data) AS bytes
    INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = save_pad.pad_id
        AND pads.owner_id = save_pad.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND OR NOT pad.version <@ accepted_versions THEN
        RETURN;
    END IF;

    -- The pictures that the pad has are there: it refers to them.
    has_other_pictures := pictures IS DISTINCT FROM pad.pictures;
    IF has_other_pictures THEN
        missing := pad_ws.add_pictures(owner_id, pictures, contents);
        IF missing IS NOT NULL THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;

    -- A pad from the future tells nothing about the order: the clock was set back since that save, or under it,
    -- between the two times that it wrote.
    updated_at := clock_timestamp();
    overtaken := coalesce(
        NOT has_seen
        AND came_at < pad.arrived_at - tolerance
        AND greatest(pad.arrived_at, pad.saved_at) <= updated_at,
        FALSE
    );
    IF overtaken THEN
        version := pad.version;
        kept := pad_ws.keep_overtaken(owner_id, pad_id, scene, pictures, updated_at, retention);
        updated_at := pad.updated_at;
        RETURN NEXT;
        RETURN;
    END IF;

    -- A pad that pad.ws wrote has no last_backup_at: look at its backups.
    newest_backup_at := coalesce(pad.last_backup_at, (
        SELECT max(backups.created_at)
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = save_pad.pad_id
            AND backups.owner_id = save_pad.owner_id
    ));
    backup_is_due := pad_ws.is_backup_due(newest_backup_at, updated_at, backup_interval);

    -- Whoever else has written the scene has changed updated_at, and not counted. Where anything that was
    -- counted differs, so does the scene.
    is_counted := coalesce(pad.counted_at = pad.updated_at, FALSE) AND elements IS NOT NULL;
    IF
        NOT has_other_pictures
        AND (
            NOT is_counted
            OR (elements, versions, inline_pictures, element_hashes)
            = (pad.elements, pad.versions, pad.inline_pictures, pad.element_hashes)
        )
    THEN
        is_unchanged := (
            SELECT pads.data = pad_ws.stamp_scene(scene, save_pad.pad_id, pad.display_name)
            FROM pad_ws.pads AS pads
            WHERE
                pads.id = save_pad.pad_id
                AND pads.owner_id = save_pad.owner_id
        );
    END IF;

    has_rested := coalesce(
        backup_interval > INTERVAL '0' AND pad.saved_at <= updated_at - backup_interval, FALSE
    );
    is_older := CASE
        WHEN pad.overwritten_at BETWEEN updated_at - INTERVAL '1 minute' AND updated_at THEN FALSE
        WHEN NOT has_seen AND pad.saved_at > came_at AND pad.saved_at <= updated_at THEN TRUE
        WHEN is_counted THEN versions < pad.versions
    END;
    IF
        NOT is_unchanged
        AND (
            NOT is_counted
            OR has_rested
            OR is_older
            OR pad_ws.may_lose_elements(pad.elements, pad.element_hashes, elements, element_hashes)
            OR (pad.inline_pictures <> 0 AND pad.inline_pictures <> inline_pictures)
            OR (has_other_pictures AND pad_ws.loses_pictures('{}', pad.pictures, '{}', pictures))
        )
    THEN
        SELECT keeping.kept, keeping.as_older INTO kept, is_kept_as_older
        FROM pad_ws.keep_replaced(
            owner_id, pad_id, scene, pictures, has_rested, is_older, updated_at, retention
        ) AS keeping;
    END IF;
    IF kept IS NOT NULL THEN
        newest_backup_at := updated_at;
        updated_at := updated_at + INTERVAL '1 microsecond'; -- so that a due one is the newer
    END IF;

    IF backup_is_due THEN
        backup_is_due := pad_ws.find_backup(owner_id, pad_id, scene, pictures, FALSE) IS NULL;
    END IF;

    version := pad.version + 1;
    UPDATE pad_ws.pads AS pads
    SET
        data = CASE
            WHEN is_unchanged THEN pads.data -- as it is stored
            ELSE pad_ws.stamp_scene(scene, save_pad.pad_id, pad.display_name)
        END,
        pictures = save_pad.pictures,
        version = save_pad.version,
        -- A pad from the future (a clock that was set back) was made now at the latest.
        created_at = CASE
            WHEN pad.created_at > save_pad.updated_at THEN save_pad.updated_at
            ELSE pad.created_at
        END,
        updated_at = save_pad.updated_at,
        last_backup_at = CASE WHEN backup_is_due THEN save_pad.updated_at ELSE newest_backup_at END,
        elements = save_pad.elements,
        versions = save_pad.versions,
        element_hashes = save_pad.element_hashes,
        inline_pictures = save_pad.inline_pictures,
        counted_at = CASE WHEN save_pad.elements IS NOT NULL THEN save_pad.updated_at END,
        saved_at = save_pad.updated_at,
        arrived_at = came_at,
        overwritten_at = CASE WHEN is_kept_as_older THEN save_pad.updated_at ELSE pad.overwritten_at END
    WHERE
        pads.id = save_pad.pad_id
        AND pads.owner_id = save_pad.owner_id;

    IF has_other_pictures THEN
        PERFORM pad_ws.keep_pictures(owner_id, pad_id, pictures);
    END IF;
    pruned := pad_ws.finish_save(
        owner_id, pad_id, contents, pad.bytes, CASE WHEN backup_is_due THEN updated_at END, retention
    );
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.save_pad IS
'Saves a scene, and backs it up when that is due; says which pictures are missing, or no row, if nothing was written.';
