-- Delete a user's pictures that nothing has referred to for some time, and note which of the others nothing
-- refers to now. Index: those of pad_ws.tidy_pictures.
-- psql -v owner_id="'…'" -v unneeded_for="'1 day'" -f sql/pictures/tidy_pictures.sql

SELECT
    deleted,
    deleted_bytes,
    unneeded
FROM pad_ws.tidy_pictures(:owner_id, :unneeded_for::interval);
