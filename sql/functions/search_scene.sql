-- What a search finds in a scene: up to three texts in which any of the words is, or what is around the word in a
-- long one; `{}` if all words are in the name. Null: not every word is in the name or in a text that is not deleted.
-- The words are patterns that padws makes of what was typed; `any_word` is one that matches each of them.
-- Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.search_scene(scene jsonb, display_name text, words text[], any_word text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    texts text[] := ARRAY(
        SELECT element #>> '{}'
        FROM jsonb_path_query(
            scene,
            '$.elements[*] ? (@.type == "text" && !(@.isDeleted == true)).text ? (@.type() == "string")'
        ) AS element
    );
BEGIN
    IF concat_ws(E'\n', display_name, array_to_string(texts, E'\n')) ~ ALL (words) THEN
        RETURN ARRAY(
            SELECT substr(found.text, greatest(1, regexp_instr(found.text, any_word) - 40), 200)
            FROM unnest(texts) WITH ORDINALITY AS found (text, place)
            WHERE found.text ~ any_word
            ORDER BY found.place
            LIMIT 3
        );
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION pad_ws.search_scene IS
'Up to three texts of a scene in which any of the words is; null if not every word is in its name or a text.';
