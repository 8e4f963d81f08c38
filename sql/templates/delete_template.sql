-- Delete a template. Index: the unique one on name.
-- psql -v name="'…'" -f sql/templates/delete_template.sql

DELETE FROM pad_ws.template_pads
WHERE name = :name
RETURNING id;
