-- What a pad has grown by that a save has just written, in whole steps of 64 KB; 0 if it has reached no further
-- step. So saves of a drawing that grows stroke by stroke seldom have anything to add.
-- Index: pads_id_owner_id_key.

CREATE OR REPLACE FUNCTION pad_ws.grown_by(owner_id uuid, pad_id uuid, bytes_before bigint)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    step CONSTANT bigint := 65536;
    bytes_now CONSTANT bigint := (
        SELECT pg_column_size(pads.data)
        FROM pad_ws.pads AS pads
        WHERE
            pads.id = grown_by.pad_id
            AND pads.owner_id = grown_by.owner_id
    );
BEGIN
    RETURN greatest((bytes_now / step - bytes_before / step) * step, 0);
END
$$;

COMMENT ON FUNCTION pad_ws.grown_by IS
'What a pad has grown by that a save has just written, in whole steps of 64 KB.';
