-- Load a template from its file: add it, or replace what was loaded from an earlier version
-- of the file, and return what happened. A row without a digest is an administrator's, and is kept. Of
-- several instances that load a new file at once, one adds it and the others find it unchanged.
-- Index: template_pads_name_key.
-- psql -v template_id="'…'" -v name="'…'" -v display_name="'…'" -v scene="'{\"elements\": []}'" -v file_digest="'…'" \
--      -f sql/templates/load_template.sql

WITH before AS (
    SELECT template_pads.file_digest
    FROM pad_ws.template_pads
    WHERE template_pads.name = :name
),

loaded AS (
    INSERT INTO pad_ws.template_pads AS template_pads (
        id, name, display_name, data, file_digest, created_at, updated_at
    )
    VALUES (:template_id, :name, :display_name, :scene::jsonb, :file_digest, now(), now())
    ON CONFLICT (name) DO UPDATE
        SET
            display_name = excluded.display_name,
            data = excluded.data,
            file_digest = excluded.file_digest,
            updated_at = greatest(excluded.updated_at, template_pads.created_at)
        WHERE template_pads.file_digest <> excluded.file_digest
    RETURNING template_pads.id
)

SELECT
    CASE
        WHEN EXISTS (SELECT FROM loaded) AND EXISTS (SELECT FROM before) THEN 'replaced'
        WHEN EXISTS (SELECT FROM loaded) THEN 'added'
        WHEN EXISTS (SELECT FROM before WHERE before.file_digest IS NULL) THEN 'kept'
        ELSE 'unchanged'
    END AS outcome;
