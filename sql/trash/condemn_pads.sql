-- Give up frozen pads of a user who is being deleted, for purge_trash.sql; says how many.
-- Index: those of pad_ws.condemn_pads.
-- psql -v owner_id="'…'" -v pad_ids="'{…}'" -f sql/trash/condemn_pads.sql

SELECT pad_ws.condemn_pads(:owner_id, :pad_ids) AS condemned;
