-- A new pad that starts from a template, with a first backup of it. No row: no such template.
-- Index: those of pad_ws.insert_pad_from_template.
-- psql -v owner_id="'…'" -v display_name="'…'" -v template_name="'default'" \
--      -v new_pictures=true -f sql/pads/insert_pad_from_template.sql

SELECT
    id,
    owner AS owner_id,
    name AS display_name,
    data,
    files,
    pictures,
    created_at,
    updated_at,
    version,
    digest,
    content
FROM pad_ws.insert_pad_from_template(
    :owner_id, :display_name::text, :template_name::text, :new_pictures
);
