-- The files of a drawing and those that were sent, united: what was sent goes over what is stored under
-- the same id, but a file without its content never over one that has it. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.merge_files(stored jsonb, sent jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    held jsonb := CASE jsonb_typeof(stored) WHEN 'object' THEN stored ELSE '{}' END;
BEGIN
    RETURN held || coalesce((
        SELECT jsonb_object_agg(new.id, new.file)
        FROM jsonb_each(sent) AS new (id, file)
        WHERE pad_ws.fullness_of_file(new.file) >= pad_ws.fullness_of_file(held -> new.id)
    ), '{}');
END
$$;

COMMENT ON FUNCTION pad_ws.merge_files IS
'The files of a drawing and those that were sent, united.';
