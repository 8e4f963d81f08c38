-- How many bytes pictures of a user take written out, each as often as a file refers to it.
-- Index: that of pad_ws.bytes_of_pictures.
-- psql -v owner_id="'…'" -v pictures="'{\"file\": \"…\"}'" -f sql/pictures/get_bytes_of_pictures.sql

SELECT pad_ws.bytes_of_pictures(:owner_id, :pictures::jsonb);
