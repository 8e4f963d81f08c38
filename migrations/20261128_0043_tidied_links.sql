-- depends: 20261128_0042_validate_left_alone
--
-- `flask db-tidy` removes share links, too, once they have been expired for a month.
--
-- Locks: none on tables.

COMMENT ON COLUMN pad_ws.tidied.name IS 'What: users, pads, backups, pictures, links.';
