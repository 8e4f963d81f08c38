-- A new pad that starts from a template, with a first backup of it; no row if there is no such
-- template. Index: template_pads_name_key; users_pkey and pads_pkey, which the foreign keys ask.
-- psql -v owner_id="'…'" -v display_name="'…'" -v template_name="'default'" -f sql/pads/insert_pad_from_template.sql

WITH pad AS (
    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, version, created_at, updated_at, last_backup_at)
    SELECT
        new.id,
        :owner_id,
        :display_name::text,
        pad_ws.stamp_scene(template_pads.data, new.id, :display_name::text) AS data,
        1 AS version,
        now() AS created_at,
        now() AS updated_at,
        now() AS last_backup_at
    FROM (SELECT gen_random_uuid() AS id) AS new
    CROSS JOIN pad_ws.template_pads AS template_pads
    WHERE template_pads.name = :template_name
    RETURNING id, owner_id, display_name, data, created_at, updated_at, version
),

backup AS (
    INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
    SELECT
        gen_random_uuid() AS id,
        pad.id AS source_id,
        pad.data,
        pad.created_at,
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
