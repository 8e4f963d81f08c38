-- Which version a pad of this owner is at: for when a conditional change has changed nothing.
-- Index: pads_id_owner_id_key.
-- psql -v pad_id="'…'" -v owner_id="'…'" -f sql/pads/get_pad_version.sql

SELECT version
FROM pad_ws.pads
WHERE
    id = :pad_id
    AND owner_id = :owner_id
    AND deleted_at IS NULL;
