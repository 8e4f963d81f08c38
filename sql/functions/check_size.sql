-- Raises PW002 if a drawing that a part was merged into is larger than one that is saved whole may be:
-- written out it takes more bytes, or it has more values (counted as padws/json_complexity.py does at
-- first). Small drawings are not written out for that, unless the part has numbers that take many times
-- more bytes written out than stored. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.check_size(scene jsonb, part jsonb, most_bytes bigint, most_values bigint)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    written text;
BEGIN
    IF
        8::bigint * pg_column_size(scene) <= most_bytes
        AND octet_length(part::text) <= 8::bigint * pg_column_size(part)
    THEN
        RETURN;
    END IF;
    written := replace(replace(scene::text, ', ', ','), '": ', '":');
    IF
        octet_length(written) > most_bytes
        OR octet_length(written) - octet_length(replace(written, ',', ''))
        + 3 * (octet_length(written) - octet_length(replace(written, '[', '')))
        + 8::bigint * (octet_length(written) - octet_length(replace(written, '{', ''))) > most_values
    THEN
        RAISE SQLSTATE 'PW002' USING MESSAGE = 'the drawing would be too large';
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.check_size IS
'Raises PW002 if a drawing is larger than one that is saved whole may be.';
