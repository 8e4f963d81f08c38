-- The elements of a drawing that have an id that is a text; of several with one the last. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.elements_by_id(scene jsonb)
RETURNS TABLE (id text, element jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT DISTINCT ON (each.element ->> 'id')
        each.element ->> 'id',
        each.element
    FROM jsonb_array_elements(
        CASE jsonb_typeof(scene -> 'elements') WHEN 'array' THEN scene -> 'elements' ELSE '[]' END
    ) WITH ORDINALITY AS each (element, position)
    WHERE jsonb_typeof(each.element -> 'id') = 'string'
    ORDER BY each.element ->> 'id', each.position DESC
$$;

COMMENT ON FUNCTION pad_ws.elements_by_id IS
'The elements of a drawing by their ids.';
