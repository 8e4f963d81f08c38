-- Makes a pad; where there is a `reason` for one (import), with a first backup. No row: a picture that it refers
-- to is missing.
-- Constraints: pads_data_is_scene; the owner must exist (pads_owner_id_fkey, pictures_owner_id_fkey).
-- Index: those of add_pictures, add_pad, store_backup, use_quota and read_pad; pads_owner_id_created_at_live_idx.

CREATE OR REPLACE FUNCTION pad_ws.insert_pad(
    owner_id uuid,
    pad_id uuid,
    display_name text,
    scene jsonb,
    pictures jsonb,
    contents json,
    reason text
)
RETURNS TABLE (
    id uuid,
    owner uuid,
    name text,
    data jsonb,
    files jsonb,
    kept_pictures jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    version bigint,
    digest text,
    content json
)
LANGUAGE plpgsql
AS $$
DECLARE
    with_backup CONSTANT boolean := reason IS NOT NULL;
BEGIN
    IF pad_ws.add_pictures(owner_id, pictures, contents) IS NOT NULL THEN
        RETURN;
    END IF;

    PERFORM pad_ws.add_pad(owner_id, pad_id, display_name, scene, pictures, CASE WHEN with_backup THEN now() END);
    IF with_backup THEN
        PERFORM pad_ws.store_backup(owner_id, pad_id, gen_random_uuid(), now(), reason, NULL, NULL);
    END IF;
    PERFORM pad_ws.use_quota(
        owner_id,
        (1 + with_backup::integer) * pg_column_size(scene)::bigint + coalesce(pg_column_size(contents), 0),
        TRUE
    );
    RETURN QUERY
    SELECT
        pad.id,
        pad.owner,
        pad.name,
        pad.data,
        pad.files,
        pad.pictures,
        pad.created_at,
        pad.updated_at,
        pad.version,
        pad.digest,
        pad.content
    FROM pad_ws.read_pad(owner_id, pad_id) AS pad;
END
$$;

COMMENT ON FUNCTION pad_ws.insert_pad IS
'Makes a pad, with a first backup if there is a reason; no row if a picture that it refers to is missing.';
