-- How a drawing is shown: each member that was sent goes over the stored one. Who else is looking
-- (`collaborators`) is never taken over, and of `pad` the id and the name stay. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.merge_app_state(stored jsonb, sent jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    held jsonb := CASE jsonb_typeof(stored) WHEN 'object' THEN stored ELSE '{}' END;
    pad jsonb := CASE jsonb_typeof(held -> 'pad') WHEN 'object' THEN held -> 'pad' ELSE '{}' END;
    merged jsonb := held || (sent - 'collaborators');
BEGIN
    IF NOT sent ? 'pad' THEN
        RETURN merged;
    END IF;
    RETURN merged || jsonb_build_object('pad', pad || (sent -> 'pad') || coalesce((
        SELECT jsonb_object_agg(mark.key, mark.value)
        FROM jsonb_each(pad) AS mark
        WHERE mark.key IN ('uniqueId', 'displayName')
    ), '{}'));
END
$$;

COMMENT ON FUNCTION pad_ws.merge_app_state IS
'How a drawing is shown: each member that was sent over the stored one.';
