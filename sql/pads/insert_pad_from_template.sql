-- A new pad that starts from a template, with a first backup of it; no row if there is no such
-- template. Index: the unique one on template_pads.name.

WITH pad AS (
    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, version, created_at, updated_at, last_backup_at)
    SELECT
        new.id,
        :owner_id,
        :display_name::text,
        pad_ws.stamp_scene(template_pads.data, new.id, :display_name::text),
        1,
        now(),
        now(),
        now()
    FROM pad_ws.template_pads AS template_pads
    CROSS JOIN (SELECT gen_random_uuid() AS id) AS new
    WHERE template_pads.name = :template_name
    RETURNING id, owner_id, display_name, data, created_at, updated_at, version
),

backup AS (
    INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
    SELECT
        gen_random_uuid(),
        pad.id,
        pad.data,
        pad.updated_at,
        pad.updated_at
    FROM pad
)

SELECT
    id,
    owner_id,
    display_name,
    data,
    created_at,
    updated_at,
    version
FROM pad;
