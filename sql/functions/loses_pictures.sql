-- Whether a picture of a drawing would be gone. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.loses_pictures(
    stored jsonb, stored_pictures jsonb, scene jsonb, pictures jsonb
)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN EXISTS (
        SELECT old.digest FROM pad_ws.picture_digests(stored, stored_pictures) AS old
        EXCEPT
        SELECT new.digest FROM pad_ws.picture_digests(scene, pictures) AS new
    );
END
$$;

COMMENT ON FUNCTION pad_ws.loses_pictures IS 'Whether a picture of a drawing would be gone.';
