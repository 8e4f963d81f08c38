-- Whether others see a picture of a scene: whether any of its files that scene_for_others leaves has it.
-- `pictures` are the digests by file. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.shows_picture(scene jsonb, pictures jsonb, digest bytea)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN jsonb_typeof(scene -> 'elements') IS DISTINCT FROM 'array' OR EXISTS (
        SELECT FROM jsonb_path_query(scene, '$.elements[*] ? (!(@.isDeleted == true)).fileId') AS shown (file_id)
        WHERE pictures ->> (shown.file_id #>> '{}') = encode(digest, 'hex')
    );
END
$$;

COMMENT ON FUNCTION pad_ws.shows_picture IS
'Whether others see a picture of a scene.';
