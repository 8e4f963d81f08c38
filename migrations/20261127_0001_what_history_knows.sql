-- depends: 20261126_0007_checks
--
-- What history needs to know. A pad's row says what its scene was counted to have, and when it was saved, so
-- that a save can tell what it replaces without opening the old scene. A backup says of which version of the
-- pad it is, how many elements it shows, what somebody has called it, and a hash of its scene, so that equal
-- ones are found. What is there, and what pad.ws and the previous release write, says none of it: null.
--
-- The previous release prunes backups by prune_backups, while it runs beside this one or after it was put
-- back. From now on that spares labelled ones.
--
-- The functions that go were never part of a release; those that take their place have other parameters.
--
-- Locks: ACCESS EXCLUSIVE on pads and backups for a moment; no table is rewritten, no row is read.
--
-- squawk-ignore-file ban-drop-constraint, ban-drop-function, prefer-bigint-over-int
-- (it is added again by the same statement, so that this can run twice; see above; no drawing has as many
-- elements, and the hashes have 32 bits)

ALTER TABLE pad_ws.pads
ADD COLUMN IF NOT EXISTS elements integer,
ADD COLUMN IF NOT EXISTS versions bigint,
ADD COLUMN IF NOT EXISTS element_hashes integer[],
ADD COLUMN IF NOT EXISTS inline_pictures bigint,
ADD COLUMN IF NOT EXISTS counted_at timestamptz,
ADD COLUMN IF NOT EXISTS saved_at timestamptz,
ADD COLUMN IF NOT EXISTS arrived_at timestamptz,
ADD COLUMN IF NOT EXISTS overwritten_at timestamptz;

COMMENT ON COLUMN pad_ws.pads.elements IS 'How many elements of the scene are not deleted; null: not counted.';
COMMENT ON COLUMN pad_ws.pads.versions IS 'The sum of the versions of the scene''s elements; null: not counted.';
COMMENT ON COLUMN pad_ws.pads.element_hashes IS
'Hashes (CRC-32) of the ids of elements that are not deleted: the 64 smallest, in order; null: not counted.';
COMMENT ON COLUMN pad_ws.pads.inline_pictures IS
'A sum over the pictures in the scene itself that changes when one goes; 0: there are none; null: not counted.';
COMMENT ON COLUMN pad_ws.pads.counted_at IS
'As updated_at, if the four columns above are of this scene; else somebody has written it without counting.';
COMMENT ON COLUMN pad_ws.pads.saved_at IS 'When the scene was last written; null: updated_at says it.';
COMMENT ON COLUMN pad_ws.pads.arrived_at IS
'When the request that wrote the scene began to arrive; null: not known.';
COMMENT ON COLUMN pad_ws.pads.overwritten_at IS
'When an old copy last replaced a newer scene that was kept for it: at most once a minute.';

ALTER TABLE pad_ws.backups
ADD COLUMN IF NOT EXISTS label text,
ADD COLUMN IF NOT EXISTS version bigint,
ADD COLUMN IF NOT EXISTS elements integer,
ADD COLUMN IF NOT EXISTS digest bigint;

COMMENT ON COLUMN pad_ws.backups.label IS
'What somebody has called it; it is kept until that is taken away. Null: nothing.';
COMMENT ON COLUMN pad_ws.backups.version IS 'The version of the pad that it shows; null: not known, or none.';
COMMENT ON COLUMN pad_ws.backups.elements IS 'How many of its elements are not deleted; null: not known.';
COMMENT ON COLUMN pad_ws.backups.digest IS
'A hash of its scene and pictures (digest_scene), by which equal ones are found; null: not known.';

ALTER TABLE pad_ws.backups
DROP CONSTRAINT IF EXISTS backups_label_not_blank,
ADD CONSTRAINT backups_label_not_blank CHECK (label ~ '\S' AND length(label) <= 100) NOT VALID;
COMMENT ON CONSTRAINT backups_label_not_blank ON pad_ws.backups IS
'A label that can be read, of at most 100 characters.';

CREATE OR REPLACE FUNCTION pad_ws.prune_backups(pad_id uuid, keep integer) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
    WITH pruned AS (
        DELETE FROM pad_ws.backups
        WHERE id IN (
            SELECT id FROM pad_ws.backups
            WHERE source_id = pad_id
            AND label IS NULL
            ORDER BY created_at > clock_timestamp(), created_at DESC NULLS LAST, id DESC
            OFFSET keep
        )
        RETURNING id
    )
    SELECT count(*) FROM pruned
$$;

DROP FUNCTION IF EXISTS pad_ws.save_pad(
    uuid, uuid, jsonb, jsonb, json, int8multirange, interval, integer
);
DROP FUNCTION IF EXISTS pad_ws.merge_pad(
    uuid, uuid, jsonb, jsonb, json, boolean, int8multirange, interval, integer, bigint, bigint
);
DROP FUNCTION IF EXISTS pad_ws.restore_backup(uuid, uuid, uuid, int8multirange, integer, boolean);
DROP FUNCTION IF EXISTS pad_ws.insert_backup(uuid, uuid, integer);
DROP FUNCTION IF EXISTS pad_ws.take_backup(uuid, uuid, uuid, timestamptz, text, integer);
DROP FUNCTION IF EXISTS pad_ws.store_backup(uuid, uuid, uuid, timestamptz, text);
DROP FUNCTION IF EXISTS pad_ws.keep_replaced(uuid, uuid, jsonb, jsonb, text, timestamptz, integer);
DROP FUNCTION IF EXISTS pad_ws.prune_history(uuid, uuid, integer);
