-- Leaves the links, which the previous release does not look at: they open nothing until this release is back.
--
-- squawk-ignore-file ban-drop-constraint
-- (the release that uses it is being taken back)

-- The rollback of 20261125_0004_keys_with_owner drops what this refers to.
ALTER TABLE IF EXISTS pad_ws.links DROP CONSTRAINT IF EXISTS links_pad_id_owner_id_fkey;
