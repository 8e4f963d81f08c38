-- Whether a drawing's new files have another content than one of those that they replace.
-- Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.replaces_files(stored jsonb, files jsonb)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    IF files IS NULL OR jsonb_typeof(stored) IS DISTINCT FROM 'object' THEN
        RETURN FALSE;
    END IF;
    RETURN EXISTS (
        SELECT FROM jsonb_each(stored) AS held (id, file)
        WHERE
            pad_ws.fullness_of_file(held.file) = 2
            AND held.file -> 'dataURL' <> files -> held.id -> 'dataURL'
    );
END
$$;

COMMENT ON FUNCTION pad_ws.replaces_files IS
'Whether a drawing''s new files have another content than one of those that they replace.';
