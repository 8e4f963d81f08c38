-- A drawing with a part of one merged into it, or null where that changes nothing; and whether
-- something that was drawn is replaced. Elements by their versions (is_newer_element), files united,
-- members of appState and all others over the stored ones. Nothing is deleted: an element is by
-- `isDeleted`. Raises pads_data_is_scene where the part is no scene, and PW001 where its elements or
-- files cannot be told apart. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.merge_scene(
    stored jsonb, part jsonb, OUT scene jsonb, OUT replaced boolean
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    held jsonb := CASE jsonb_typeof(stored) WHEN 'object' THEN stored ELSE '{}' END;
    held_elements jsonb := CASE
        jsonb_typeof(held -> 'elements') WHEN 'array' THEN held -> 'elements' ELSE '[]'
    END;
    changed jsonb; -- members of the scene, but for the elements
    places integer[];
    newer jsonb[];
    behind_all CONSTANT integer := 1000000000;
BEGIN
    IF NOT pad_ws.is_scene(part) THEN
        RAISE check_violation USING
            MESSAGE = 'What you merge is not a scene (pads_data_is_scene)',
            CONSTRAINT = 'pads_data_is_scene';
    END IF;
    IF
        jsonb_typeof(part -> 'files') <> 'object' OR jsonb_typeof(part -> 'elements') <> 'array'
    THEN
        RAISE SQLSTATE 'PW001' USING MESSAGE = 'elements is an array, files an object';
    END IF;
    IF part @? 'strict $.elements[*] ? ((@.id.type() == "string") is unknown || @.id.type() != "string")' THEN
        RAISE SQLSTATE 'PW001' USING MESSAGE = 'each element is an object with an id that is a string';
    END IF;

    IF part - 'elements' <> '{}' THEN
        SELECT jsonb_object_agg(member.name, member.value) INTO changed
        FROM (
            SELECT
                sent.name,
                CASE sent.name
                    WHEN 'appState' THEN pad_ws.merge_app_state(held -> 'appState', sent.value)
                    WHEN 'files' THEN pad_ws.merge_files(held -> 'files', sent.value)
                    ELSE sent.value
                END AS value
            FROM jsonb_each(part) AS sent (name, value)
            WHERE sent.name <> 'elements'
        ) AS member
        WHERE member.value IS DISTINCT FROM held -> member.name;
    END IF;

    SELECT newest.places, newest.elements INTO places, newer
    FROM pad_ws.newer_elements(held_elements, part -> 'elements') AS newest;

    IF newer IS NULL AND changed IS NULL THEN
        RETURN;
    END IF;

    scene := CASE WHEN changed IS NULL THEN held ELSE held || changed END;
    replaced := coalesce(array_remove(places, NULL) <> '{}', FALSE)
    OR pad_ws.replaces_files(held -> 'files', changed -> 'files');
    IF newer IS NULL THEN
        RETURN;
    END IF;

    -- Usually one element has changed, or one has come. Then the rest is not taken apart and put
    -- together again: that costs as much as for three elements put in their places.
    IF
        jsonb_array_length(held_elements) > 0 AND cardinality(newer) <= 2
        AND pad_ws.stay_in_order(held_elements, places, newer)
    THEN
        FOR number IN 1..cardinality(newer) LOOP
            scene := jsonb_set(
                scene, ARRAY['elements', (coalesce(places[number], behind_all) - 1)::text], newer[number]
            );
        END LOOP;
    ELSE
        scene := jsonb_set(
            scene, '{elements}', pad_ws.ordered_elements(held_elements, places, newer)
        );
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.merge_scene IS
'A drawing with a part of one merged into it; null where that changes nothing.';
