-- Makes a pad that starts from a template, with a first backup of it. No row if there is no such
-- template. Constraints: the owner must exist (pads_owner_id_fkey).
-- Index: template_pads_name_key, pads_id_owner_id_key; users_pkey, for a foreign key; take_backup.

CREATE OR REPLACE FUNCTION pad_ws.insert_pad_from_template(
    owner_id uuid, display_name text, template_name text
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
    scene jsonb;
BEGIN
    SELECT template_pads.data INTO scene
    FROM pad_ws.template_pads AS template_pads
    WHERE template_pads.name = template_name;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    id := gen_random_uuid();
    INSERT INTO pad_ws.pads (
        id, owner_id, display_name, data, version, created_at, updated_at, last_backup_at
    )
    VALUES (
        insert_pad_from_template.id,
        insert_pad_from_template.owner_id,
        insert_pad_from_template.display_name,
        pad_ws.stamp_scene(scene, insert_pad_from_template.id, insert_pad_from_template.display_name),
        1,
        now(),
        now(),
        now()
    );
    PERFORM pad_ws.take_backup(owner_id, id, gen_random_uuid(), now(), 'template', 1);
    RETURN QUERY
    SELECT
        pads.id,
        pads.owner_id,
        pads.display_name::text,
        pads.data,
        pads.created_at,
        pads.updated_at,
        pads.version
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = insert_pad_from_template.id
        AND pads.owner_id = insert_pad_from_template.owner_id;
END
$$;

COMMENT ON FUNCTION pad_ws.insert_pad_from_template IS
'Makes a pad that starts from a template, with a first backup; no row if there is no such template.';
