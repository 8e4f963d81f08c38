-- Whether new pictures are kept apart where PICTURES_APART does not say. Index: none needed.
-- psql -f sql/pictures/are_pictures_apart.sql

SELECT pad_ws.are_pictures_apart();
