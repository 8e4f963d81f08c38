-- depends: 20261125_0008_functions
--
-- A backup says why it was taken: because it was due (interval) or asked for (manual), to keep what a
-- restore, a whole save (replaced) or a merge from an old version replaced, or as the beginning of a pad
-- (template, import). A pad says when it was last restored as a whole: a merge that starts from
-- an older version is refused then. What is there, and what pad.ws and the previous release write, says
-- neither: null.
--
-- Locks: ACCESS EXCLUSIVE on each table for a moment; no table is rewritten, no row is read.
--
-- squawk-ignore-file ban-drop-constraint
-- (it is added again by the same statement, so that this can run twice)

ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS restored_version bigint;
COMMENT ON COLUMN pad_ws.pads.restored_version IS
'The version that the pad''s last whole restore made; null: there was none, or it is not known.';

ALTER TABLE pad_ws.backups ADD COLUMN IF NOT EXISTS reason text;
COMMENT ON COLUMN pad_ws.backups.reason IS
'Why it was taken: due, asked for, what something replaced, where a pad began. Null: not known.';

ALTER TABLE pad_ws.backups
DROP CONSTRAINT IF EXISTS backups_reason_known,
ADD CONSTRAINT backups_reason_known CHECK (
    reason IN ('interval', 'manual', 'restore', 'replaced', 'merge', 'template', 'import')
) NOT VALID;
COMMENT ON CONSTRAINT backups_reason_known ON pad_ws.backups IS 'One of the known reasons, or none.';
