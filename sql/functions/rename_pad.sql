-- Renames a pad of its owner that is at an accepted version; its scene carries the name too, and its pictures
-- stay where they are. No row if nothing was written. Index: pads_id_owner_id_key; read_pad.

CREATE OR REPLACE FUNCTION pad_ws.rename_pad(
    owner_id uuid, pad_id uuid, display_name text, accepted_versions int8multirange
)
RETURNS TABLE (
    id uuid,
    owner uuid,
    name text,
    data jsonb,
    files jsonb,
    pictures jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    version bigint,
    digest text,
    content json
)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
BEGIN
    -- The pad's row first, as a save locks it, and the clock after that: times never run backwards.
    SELECT pads.version, pads.created_at, pads.updated_at, pads.counted_at INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = rename_pad.pad_id
        AND pads.owner_id = rename_pad.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND OR NOT pad.version <@ accepted_versions THEN
        RETURN;
    END IF;

    updated_at := greatest(clock_timestamp(), pad.created_at);
    UPDATE pad_ws.pads AS pads
    SET
        display_name = rename_pad.display_name,
        data = pad_ws.stamp_scene(pads.data, pads.id, rename_pad.display_name),
        version = pads.version + 1,
        updated_at = rename_pad.updated_at,
        -- The elements are the same, and so is when they were saved.
        counted_at = CASE WHEN pad.counted_at = pad.updated_at THEN rename_pad.updated_at END,
        saved_at = coalesce(pads.saved_at, pad.updated_at)
    WHERE
        pads.id = rename_pad.pad_id
        AND pads.owner_id = rename_pad.owner_id;

    RETURN QUERY
    SELECT
        renamed.id,
        renamed.owner,
        renamed.name,
        renamed.data,
        renamed.files,
        renamed.pictures,
        renamed.created_at,
        renamed.updated_at,
        renamed.version,
        renamed.digest,
        renamed.content
    FROM pad_ws.read_pad(owner_id, pad_id) AS renamed;
END
$$;

COMMENT ON FUNCTION pad_ws.rename_pad IS
'Renames a pad, in its scene too; no row if nothing was written.';
