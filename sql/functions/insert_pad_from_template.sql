-- Makes a pad that starts from a template, with a first backup of it. No row if there is no such
-- template. With new_pictures, those of the template, which has them in its scene, are kept apart.
-- Constraints: the owner must exist (pads_owner_id_fkey, pictures_owner_id_fkey).
-- Index: template_pads_name_key, pads_owner_id_created_at_live_idx; add_pad, store_backup, use_quota, read_pad; if
-- the template has pictures, split_pictures.

CREATE OR REPLACE FUNCTION pad_ws.insert_pad_from_template(
    owner_id uuid, display_name text, template_name text, new_pictures boolean
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
    template record;
    whole bigint; -- bytes, with its pictures
BEGIN
    SELECT template_pads.data AS scene, NULL::jsonb AS pictures, pg_column_size(template_pads.data) AS bytes
    INTO template
    FROM pad_ws.template_pads AS template_pads
    WHERE template_pads.name = template_name;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    whole := template.bytes;
    IF new_pictures THEN
        SELECT split.scene, split.pictures INTO template
        FROM pad_ws.split_pictures(owner_id, template.scene) AS split (scene, pictures);
    END IF;

    id := gen_random_uuid();
    PERFORM pad_ws.add_pad(owner_id, id, display_name, template.scene, template.pictures, now());
    PERFORM pad_ws.store_backup(owner_id, id, gen_random_uuid(), now(), 'template', NULL, NULL);
    PERFORM pad_ws.use_quota(owner_id, whole + pg_column_size(template.scene), TRUE);
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
    FROM pad_ws.read_pad(owner_id, id) AS pad;
END
$$;

COMMENT ON FUNCTION pad_ws.insert_pad_from_template IS
'Makes a pad that starts from a template, with a first backup; no row if there is no such template.';
