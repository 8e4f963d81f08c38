-- A pad as it is shown now, for functions that have just changed it: like sql/pads/get_pad.sql.
-- Index: pads_id_owner_id_key, pad_pictures_pkey, pictures_pkey.

CREATE OR REPLACE FUNCTION pad_ws.read_pad(owner_id uuid, pad_id uuid)
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
BEGIN
    RETURN QUERY
    SELECT
        pads.id,
        pads.owner_id,
        pads.display_name::text,
        CASE
            WHEN pads.version = 0 THEN pad_ws.stamp_scene(pads.data, pads.id, pads.display_name)
            WHEN pads.pictures IS NULL THEN pads.data
            ELSE pads.data - 'files'
        END,
        CASE WHEN pads.pictures IS NOT NULL THEN pads.data -> 'files' END,
        pads.pictures,
        coalesce(pads.created_at, pads.updated_at, 'epoch'),
        coalesce(pads.updated_at, pads.created_at, 'epoch'),
        pads.version,
        NULL::text,
        NULL::json
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = read_pad.pad_id
        AND pads.owner_id = read_pad.owner_id;

    RETURN QUERY
    SELECT
        NULL::uuid,
        NULL::uuid,
        NULL::text,
        NULL::jsonb,
        NULL::jsonb,
        NULL::jsonb,
        NULL::timestamptz,
        NULL::timestamptz,
        NULL::bigint,
        encode(kept.digest, 'hex'),
        kept.content
    FROM pad_ws.pad_pictures AS needed
    INNER JOIN pad_ws.pictures AS kept
        ON needed.digest = kept.digest AND kept.owner_id = read_pad.owner_id
    WHERE
        needed.owner_id = read_pad.owner_id
        AND needed.pad_id = read_pad.pad_id;
END
$$;

COMMENT ON FUNCTION pad_ws.read_pad IS
'A pad as it is now; after it, each of its pictures that is kept apart.';
