-- A scene with its pad's id and name in appState.pad. What has them already, or is no scene, comes back
-- as it is. In PL/pgSQL, whose plans are kept: in SQL this cannot be inlined, as it would have to be
-- IMMUTABLE all through, and would be planned anew by each statement. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.stamp_scene(scene jsonb, pad_id uuid, display_name text)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    mark jsonb := jsonb_build_object('uniqueId', pad_id, 'displayName', display_name);
BEGIN
    IF NOT pad_ws.is_scene(scene) OR scene #> '{appState,pad}' @> mark THEN
        RETURN scene;
    END IF;
    RETURN jsonb_set(
        CASE WHEN scene ? 'appState' THEN scene ELSE scene || '{"appState": {}}' END,
        '{appState,pad}',
        coalesce(scene #> '{appState,pad}', '{}') || mark
    );
END
$$;

COMMENT ON FUNCTION pad_ws.stamp_scene IS
'The scene with its pad''s id and name in appState.pad; what is no scene comes back unchanged.';
