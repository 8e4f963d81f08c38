-- One template. Index: template_pads_name_key.
-- psql -v name="'default'" -f sql/templates/get_template.sql

SELECT
    id,
    name,
    display_name,
    data,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at
FROM pad_ws.template_pads
WHERE name = :name;
