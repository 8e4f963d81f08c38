-- The number of templates, and a digest over all of them. Restored rows have the same. Index: none needed.
-- psql -f sql/checks/digest_templates.sql

SELECT
    count(*) AS templates,
    encode(sha256(
        coalesce(string_agg(sha256(convert_to(templates::text, 'UTF8')), ''::bytea ORDER BY templates.id), '')
    ), 'hex') AS digest
FROM pad_ws.template_pads AS templates;
