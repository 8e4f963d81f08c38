-- Which of the elements that were sent go into a drawing, and where each does: the place of the stored
-- element of the same id, or null if there is none. In the order in which they came; of several with
-- one id the last counts, on both sides. Null if nothing does. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.newer_elements(
    stored jsonb, sent jsonb, OUT places integer[], OUT elements jsonb[]
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    SELECT
        array_agg(matched.place ORDER BY matched.position),
        array_agg(matched.element ORDER BY matched.position)
    INTO places, elements
    FROM (
        -- Those that were sent are made one of each id first: else many of one id on both sides would
        -- each meet all the others.
        SELECT DISTINCT ON (new.position)
            new.element,
            new.position,
            held.element AS held,
            held.position::integer AS place
        FROM (
            SELECT DISTINCT ON (each.element -> 'id') each.element, each.position
            FROM jsonb_array_elements(sent) WITH ORDINALITY AS each (element, position)
            ORDER BY each.element -> 'id', each.position DESC
        ) AS new
        LEFT JOIN jsonb_array_elements(stored) WITH ORDINALITY AS held (element, position)
            ON held.element -> 'id' = new.element -> 'id'
        ORDER BY new.position, held.position DESC
    ) AS matched
    WHERE matched.place IS NULL OR pad_ws.is_newer_element(matched.element, matched.held);
END
$$;

COMMENT ON FUNCTION pad_ws.newer_elements IS
'Which of the elements that were sent go into a drawing, and where.';
