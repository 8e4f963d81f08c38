-- What the elements of a drawing that are not deleted are told apart by: their ids; one without an id is
-- its own. Whatever JSON it is. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.element_keys(scene jsonb)
RETURNS TABLE (key jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT
        CASE
            WHEN jsonb_typeof(each.element) = 'object' THEN coalesce(each.element -> 'id', each.element)
            ELSE each.element
        END
    FROM jsonb_array_elements(
        CASE jsonb_typeof(scene -> 'elements') WHEN 'array' THEN scene -> 'elements' ELSE '[]' END
    ) AS each (element)
    WHERE each.element -> 'isDeleted' IS DISTINCT FROM 'true'
$$;

COMMENT ON FUNCTION pad_ws.element_keys IS
'What the elements of a drawing that are not deleted are told apart by.';
