-- Give up all pads of a user who is being deleted, for purge_trash.sql; says how many.
-- Index: those of pad_ws.condemn_pads.
-- psql -v owner_id="'…'" -f sql/trash/condemn_pads.sql

SELECT pad_ws.condemn_pads(:owner_id) AS condemned;
