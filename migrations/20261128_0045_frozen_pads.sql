-- depends: 20261128_0044_usage_is_an_estimate
--
-- The pads of a user who is being deleted are frozen while a takeout of them is written: nobody can change, restore
-- or purge them.
--
-- Locks: none on tables.

COMMENT ON COLUMN pad_ws.pads.deleted_at IS
'When it was put into the trash; infinity: frozen, as its owner is being deleted; null: it is not deleted.';
