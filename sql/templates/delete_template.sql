-- Delete a template. Index: template_pads_name_key.
-- psql -v name="'…'" -f sql/templates/delete_template.sql

DELETE FROM pad_ws.template_pads
WHERE name = :name
RETURNING id;
