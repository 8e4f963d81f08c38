-- Renames a pad of its owner that is at an accepted version; its scene carries the name too. No row if
-- nothing was written. Index: pads_id_owner_id_key.

CREATE OR REPLACE FUNCTION pad_ws.rename_pad(
    owner_id uuid, pad_id uuid, display_name text, accepted_versions int8multirange
)
RETURNS TABLE (
    id uuid,
    owner uuid,
    name text,
    data jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    version bigint
)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
BEGIN
    -- The pad's row first, as a save locks it, and the clock after that: times never run backwards.
    SELECT pads.version, pads.created_at INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = rename_pad.pad_id
        AND pads.owner_id = rename_pad.owner_id
    FOR NO KEY UPDATE;

    IF NOT FOUND OR NOT pad.version <@ accepted_versions THEN
        RETURN;
    END IF;

    updated_at := greatest(clock_timestamp(), pad.created_at);
    RETURN QUERY
    UPDATE pad_ws.pads AS pads
    SET
        display_name = rename_pad.display_name,
        data = pad_ws.stamp_scene(pads.data, pads.id, rename_pad.display_name),
        version = pads.version + 1,
        updated_at = rename_pad.updated_at
    WHERE
        pads.id = rename_pad.pad_id
        AND pads.owner_id = rename_pad.owner_id
    RETURNING
        pads.id,
        pads.owner_id,
        pads.display_name::text,
        pads.data,
        coalesce(pads.created_at, pads.updated_at, 'epoch'),
        pads.updated_at,
        pads.version;
END
$$;

COMMENT ON FUNCTION pad_ws.rename_pad IS
'Renames a pad, in its scene too; no row if nothing was written.';
