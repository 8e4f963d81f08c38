-- How much there is of a file of a drawing: 2 with its content, 1 without, 0 for nothing at all. One
-- that says less never goes over one that says more. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.fullness_of_file(file jsonb)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN jsonb_typeof(file -> 'dataURL') = 'string' AND file -> 'dataURL' <> '""' THEN 2
        WHEN jsonb_typeof(file) = 'object' AND file <> '{}' THEN 1
        ELSE 0
    END
$$;

COMMENT ON FUNCTION pad_ws.fullness_of_file IS
'How much there is of a file of a drawing: 2 with its content, 1 without, 0 for nothing at all.';
