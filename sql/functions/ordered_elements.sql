-- A drawing's elements, newer ones at their places or behind them: by index as bytes, then by id,
-- where every one of them has an index that can be read; else in the order in which they are. Of
-- several with one id the last stays. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.ordered_elements(stored jsonb, places integer[], elements jsonb[])
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN to_jsonb(ARRAY(
        SELECT judged.element
        FROM (
            SELECT
                kept.element,
                kept.id,
                kept.index,
                kept.place,
                bool_and((kept.index ~ '^[0-9A-Za-z]+$') IS TRUE) OVER () AS sortable
            FROM (
                SELECT DISTINCT ON (shown.id, shown.unnamed)
                    shown.element,
                    shown.id,
                    shown.place,
                    CASE
                        jsonb_typeof(shown.element -> 'index') WHEN 'string' THEN shown.element ->> 'index'
                    END AS index
                FROM (
                    SELECT
                        either.element,
                        either.place,
                        either.is_newer,
                        CASE
                            jsonb_typeof(either.element -> 'id') WHEN 'string' THEN either.element ->> 'id'
                        END COLLATE "C" AS id,
                        CASE
                            jsonb_typeof(either.element -> 'id') WHEN 'string' THEN 0 ELSE either.place
                        END AS unnamed
                    FROM (
                        SELECT held.element, held.position AS place, FALSE AS is_newer
                        FROM jsonb_array_elements(stored) WITH ORDINALITY AS held (element, position)
                        UNION ALL
                        SELECT new.element, coalesce(new.place, jsonb_array_length(stored) + new.number), TRUE
                        FROM unnest(elements, places) WITH ORDINALITY AS new (element, place, number)
                    ) AS either
                ) AS shown
                ORDER BY shown.id, shown.unnamed, shown.is_newer DESC, shown.place DESC
            ) AS kept
        ) AS judged
        ORDER BY
            CASE WHEN judged.sortable THEN judged.index END COLLATE "C",
            CASE WHEN judged.sortable THEN judged.id END COLLATE "C",
            judged.place
    ));
END
$$;

COMMENT ON FUNCTION pad_ws.ordered_elements IS
'A drawing''s elements with newer ones among them, in order.';
