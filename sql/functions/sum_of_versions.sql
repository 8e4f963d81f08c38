-- The sum of the versions of a drawing's elements, deleted ones included. A version that is missing or
-- no number counts as 1. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.sum_of_versions(scene jsonb)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN (
        SELECT
            coalesce(sum(CASE jsonb_typeof(each.element -> 'version')
                WHEN 'number' THEN (each.element -> 'version')::numeric
                ELSE 1
            END), 0)
        FROM jsonb_array_elements(
            CASE jsonb_typeof(scene -> 'elements') WHEN 'array' THEN scene -> 'elements' ELSE '[]' END
        ) AS each (element)
    );
END
$$;

COMMENT ON FUNCTION pad_ws.sum_of_versions IS 'The sum of the versions of a drawing''s elements.';
