-- An element as it was, to go over what it is now (null: it is not there): its version is above both, so
-- that whoever has the drawing open takes it. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.restored_element(element jsonb, present jsonb, nonce integer)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN element || jsonb_build_object(
        'version', 1 + floor(greatest(
            CASE jsonb_typeof(element -> 'version') WHEN 'number' THEN (element -> 'version')::numeric ELSE 1 END,
            CASE jsonb_typeof(present -> 'version') WHEN 'number' THEN (present -> 'version')::numeric ELSE 1 END
        )),
        'versionNonce', nonce
    );
END
$$;

COMMENT ON FUNCTION pad_ws.restored_element IS 'An element as it was, to go over what it is now.';
