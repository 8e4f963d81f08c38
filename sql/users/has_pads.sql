-- Whether a user has any pad, wherever it is in the trash. Index: pads_owner_id_created_at_idx.
-- psql -v user_id="'…'" -f sql/users/has_pads.sql

SELECT exists(
    SELECT FROM pad_ws.pads WHERE owner_id = :user_id
) AS has_pads;
