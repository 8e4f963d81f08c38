-- Delete a lot of the pictures of a user who is being deleted; says how many.
-- Index: those of pad_ws.delete_pictures.
-- psql -v owner_id="'…'" -v most=100 -f sql/pictures/delete_pictures.sql

SELECT pad_ws.delete_pictures(:owner_id, :most::integer) AS deleted;
