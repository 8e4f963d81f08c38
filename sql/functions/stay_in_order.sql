-- Whether a drawing's elements are in order with newer ones at their places or behind them: all have an
-- index that can be read, each index is above the one before it, and no two have one id. So that a
-- drawing in order, as it usually is, need not be put in order: ordered_elements has the rule itself.
-- Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.stay_in_order(stored jsonb, places integer[], elements jsonb[])
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    indexes text[] := ARRAY(
        SELECT CASE jsonb_typeof(held.element -> 'index') WHEN 'string' THEN held.element ->> 'index' END
        FROM jsonb_array_elements(stored) WITH ORDINALITY AS held (element, position)
        ORDER BY held.position
    );
BEGIN
    FOR number IN 1..cardinality(elements) LOOP
        indexes[coalesce(places[number], cardinality(indexes) + 1)] := CASE
            jsonb_typeof(elements[number] -> 'index') WHEN 'string' THEN elements[number] ->> 'index'
        END;
    END LOOP;
    RETURN array_to_string(indexes, '', '-') ~ '^[0-9A-Za-z]+$'
        AND indexes[1] <> ''
        AND indexes = ARRAY(
            SELECT DISTINCT each.index COLLATE "C" FROM unnest(indexes) AS each (index) ORDER BY 1
        )
        AND jsonb_array_length(stored) = (
            SELECT count(DISTINCT (held.element ->> 'id') COLLATE "C")
            FROM jsonb_array_elements(stored) AS held (element)
        );
END
$$;

COMMENT ON FUNCTION pad_ws.stay_in_order IS
'Whether a drawing''s elements are in order with newer ones at their places or behind them.';
