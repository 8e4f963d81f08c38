-- The ids of a user's pads, oldest first, without those in the trash: what a takeout goes through.
-- Index: pads_owner_id_created_at_idx.
-- psql -v owner_id="'…'" -f sql/takeouts/list_pad_ids.sql

SELECT id
FROM pad_ws.pads
WHERE
    owner_id = :owner_id
    AND deleted_at IS NULL
ORDER BY created_at NULLS FIRST, id;
