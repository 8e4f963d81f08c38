-- The text of one of a user's pictures, as a JSON string. Index: pictures_pkey.
-- psql -v owner_id="'…'" -v digest="'\\x…'" -f sql/takeouts/get_content.sql

SELECT content
FROM pad_ws.pictures
WHERE
    owner_id = :owner_id
    AND digest = :digest;
