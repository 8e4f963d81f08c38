-- Freeze all pads of a user who is being deleted, and give the ids of all that are frozen, oldest first.
-- Index: those of pad_ws.freeze_pads.
-- psql -v owner_id="'…'" -f sql/trash/freeze_pads.sql

SELECT frozen.id
FROM pad_ws.freeze_pads(:owner_id) AS frozen;
