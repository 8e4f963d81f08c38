-- Backs up what a save is about to replace in a pad, if that matters: if the pad `has_rested`, if the save
-- takes away most of the drawing or a picture, or if the save `is_older` (null: to be found out, by the sum
-- of versions). What the pad's newest backup holds already is not backed up. Says the backup's id; `as_older`
-- says that it was taken for the last of these reasons alone.
-- To be called by whoever holds the lock on the pad's row, if the save changes anything.
-- Index: pads_id_owner_id_key; find_backup, take_backup.

CREATE OR REPLACE FUNCTION pad_ws.keep_replaced(
    owner_id uuid,
    pad_id uuid,
    scene jsonb,
    pictures jsonb,
    has_rested boolean,
    is_older boolean,
    moment timestamptz,
    retention jsonb,
    OUT kept uuid,
    OUT as_older boolean
)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
BEGIN
    SELECT pads.pictures, pads.data #> '{}' AS data INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = keep_replaced.pad_id
        AND pads.owner_id = keep_replaced.owner_id;

    as_older := FALSE;
    IF jsonb_typeof(pad.data) <> 'object' THEN -- pad.ws keeps such things, too
        RETURN;
    END IF;

    as_older := NOT (
        has_rested
        OR pad_ws.loses_elements(pad.data, scene)
        OR pad_ws.loses_pictures(pad.data, pad.pictures, scene, pictures)
    );
    IF
        (
            as_older
            AND NOT coalesce(
                is_older, pad_ws.sum_of_versions(scene) < pad_ws.sum_of_versions(pad.data)
            )
        )
        OR pad_ws.find_backup(owner_id, pad_id, pad.data, pad.pictures, FALSE) IS NOT NULL
    THEN
        as_older := FALSE;
        RETURN;
    END IF;

    kept := gen_random_uuid();
    PERFORM pad_ws.take_backup(owner_id, pad_id, kept, moment, 'replaced', NULL, NULL, retention);
END
$$;

COMMENT ON FUNCTION pad_ws.keep_replaced IS
'Backs up what a save is about to replace in a pad, if that matters.';
