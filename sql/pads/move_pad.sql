-- Give one of a user's pads to another user, with all that belongs to it; null: there is none left.
-- Index: those of pad_ws.move_pad.
-- psql -v owner_id="'…'" -v new_owner_id="'…'" -f sql/pads/move_pad.sql

SELECT pad_ws.move_pad(:owner_id, :new_owner_id) AS moved;
