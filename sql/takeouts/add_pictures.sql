-- Add pictures of a takeout, and hold all that the map (name -> digest) refers to until the transaction
-- ends; says which of them are missing, null if none. Index: those of pad_ws.add_pictures.
-- psql -v owner_id="'…'" -v pictures="'{\"a\": \"…\"}'" -v contents=null -f sql/takeouts/add_pictures.sql

SELECT missing
FROM pad_ws.add_pictures(:owner_id, :pictures::jsonb, :contents::json) AS missing;
