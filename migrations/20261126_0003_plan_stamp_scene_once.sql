-- depends: 20261126_0002_validate_reasons
--
-- stamp_scene does what it did, in PL/pgSQL, whose plans are kept. In SQL it could not be inlined, as
-- jsonb_build_object is not immutable, and each save planned it anew: a tenth of the save's work in
-- PostgreSQL 15.
--
-- Locks: none on tables.

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
