-- A scene as it is in any pad: with the same in place of the two marks in appState.pad, so that scenes
-- can be compared. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.unmarked_scene(scene jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN pad_ws.stamp_scene(scene, '00000000-0000-0000-0000-000000000000', '');
END
$$;

COMMENT ON FUNCTION pad_ws.unmarked_scene IS 'A scene without its pad''s id and name, to be compared.';
