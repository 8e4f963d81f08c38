-- A new template of an administrator. Constraints: the unique index on name, template_pads_data_is_scene.
-- Index: none is read.
-- psql -v template_id="'…'" -v name="'…'" -v display_name="'…'" -v scene="'{\"elements\": []}'" \
--      -f sql/templates/insert_template.sql

INSERT INTO pad_ws.template_pads (id, name, display_name, data, created_at, updated_at)
VALUES (:template_id, :name, :display_name, :scene::jsonb, now(), now())
RETURNING
    id,
    name,
    display_name,
    data,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at;
