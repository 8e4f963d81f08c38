-- A hash of a scene and its map of pictures, the two marks in appState.pad aside: equal scenes have equal
-- ones, so that few are compared. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.digest_scene(scene jsonb, pictures jsonb)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN jsonb_hash_extended(pad_ws.unmarked_scene(scene), 0)
        # coalesce(jsonb_hash_extended(pictures, 0), 0);
END
$$;

COMMENT ON FUNCTION pad_ws.digest_scene IS 'A hash of a scene and its map of pictures.';
