-- The next user who has pictures, in the order of ids. Index: pictures_pkey.
-- psql -v after="'00000000-0000-0000-0000-000000000000'" -f sql/pictures/get_next_owner_of_pictures.sql

SELECT owner_id
FROM pad_ws.pictures
WHERE owner_id > :after
ORDER BY owner_id
LIMIT 1;
