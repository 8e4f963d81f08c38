-- Note which pictures a pad of a takeout refers to. They must be there (add_pictures), and the pad's row be held
-- (import_pad). Index: those of pad_ws.keep_pictures.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v pictures="'{\"a\": \"…\"}'" -f sql/takeouts/keep_pictures.sql

SELECT TRUE AS done
FROM pad_ws.keep_pictures(:owner_id, :pad_id, :pictures::jsonb);
