-- Change the given fields of a template; a null leaves a field as it is. From now on it is the
-- administrator's, and no file replaces it. Index: template_pads_name_key.
-- psql -v name="'…'" -v new_name=NULL -v display_name="'…'" -v scene=NULL -f sql/templates/update_template.sql

UPDATE pad_ws.template_pads
SET
    name = coalesce(:new_name, name),
    display_name = coalesce(:display_name, display_name),
    data = coalesce(:scene::jsonb, data),
    file_digest = NULL,
    updated_at = greatest(now(), created_at)
WHERE name = :name
RETURNING
    id,
    name,
    display_name,
    data,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at;
