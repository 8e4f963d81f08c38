-- All templates, by name; few. Index: none needed.
-- psql -v with_data=true -f sql/templates/list_templates.sql

SELECT
    id,
    name,
    display_name,
    CASE WHEN :with_data THEN data END AS data,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at
FROM pad_ws.template_pads
ORDER BY template_pads.name;
