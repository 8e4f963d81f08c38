-- The digests (SHA-256, hexadecimal) of a drawing's pictures, kept apart or in the scene.
-- Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.picture_digests(scene jsonb, pictures jsonb)
RETURNS TABLE (digest text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT apart.value
    FROM jsonb_each_text(pictures) AS apart
    UNION ALL
    SELECT encode(sha256(convert_to(file.value ->> 'dataURL', 'UTF8')), 'hex')
    FROM jsonb_each(
        CASE jsonb_typeof(scene -> 'files') WHEN 'object' THEN scene -> 'files' ELSE '{}' END
    ) AS file
    WHERE pad_ws.fullness_of_file(file.value) = 2
$$;

COMMENT ON FUNCTION pad_ws.picture_digests IS 'The digests of a drawing''s pictures.';
