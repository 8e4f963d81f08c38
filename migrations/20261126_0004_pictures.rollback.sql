-- transactional: false
--
-- Puts every picture back into the scenes of pads and backups, one row at a time, each committed by
-- itself: memory stays flat, and a run that is killed goes on with what is left. The tables of pictures
-- stay, without effect. What later migrations know of these scenes is of scenes without their pictures, and is
-- forgotten. Stop the instances of this release first: they would take pictures apart again.
--
-- Locks: ROW EXCLUSIVE on pads and backups; the row of a drawing is held while it is written. ACCESS EXCLUSIVE
-- on pads and pad_pictures for a moment. Time: docs/migrations.md has a figure.
--
-- squawk-ignore-file ban-drop-constraint
-- (the release that uses it is being taken back)

CREATE OR REPLACE FUNCTION pad_ws.are_pictures_apart() RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT FALSE';

DO $$
DECLARE
    table_name text;
    forgotten text; -- the column that says what is known of a scene, if there is one
    seen uuid;
    put_back bigint := 0;
    reported_at timestamptz := clock_timestamp();
BEGIN
    FOREACH table_name IN ARRAY ARRAY['pads', 'backups'] LOOP
        seen := '00000000-0000-0000-0000-000000000000';
        forgotten := (
            SELECT format('%I = NULL,', attname)
            FROM pg_attribute
            WHERE
                attrelid = format('pad_ws.%I', table_name)::regclass
                AND attname IN ('counted_at', 'digest')
                AND NOT attisdropped
        );
        LOOP
            EXECUTE format(
                'SELECT id FROM pad_ws.%I WHERE id > $1 AND pictures IS NOT NULL ORDER BY id LIMIT 1',
                table_name
            ) INTO seen USING seen;
            EXIT WHEN seen IS NULL;
            EXECUTE format(
                $sql$
                UPDATE pad_ws.%I AS apart
                SET
                    %s
                    pictures = NULL,
                    data = coalesce(jsonb_set(apart.data, '{files}', (
                        SELECT
                            jsonb_object_agg(file.key, CASE
                                WHEN kept.content IS NULL THEN file.value
                                ELSE file.value || jsonb_build_object('dataURL', kept.content)
                            END)
                        FROM jsonb_each(
                            CASE
                                WHEN jsonb_typeof(apart.data -> 'files') = 'object'
                                THEN apart.data -> 'files'
                            END
                        ) AS file
                        LEFT JOIN pad_ws.pictures AS kept
                            ON
                                kept.owner_id = apart.owner_id
                                AND kept.digest = decode(apart.pictures ->> file.key, 'hex')
                                AND jsonb_typeof(file.value) = 'object'
                                AND NOT file.value ? 'dataURL'
                    )), apart.data)
                WHERE apart.id = $1 AND apart.pictures IS NOT NULL
                $sql$,
                table_name,
                forgotten
            ) USING seen;
            COMMIT;
            put_back := put_back + 1;
            IF clock_timestamp() > reported_at + INTERVAL '5 seconds' THEN
                RAISE NOTICE 'Pictures: back in % scenes so far.', put_back;
                reported_at := clock_timestamp();
            END IF;
        END LOOP;
    END LOOP;
    IF put_back > 0 THEN
        RAISE NOTICE 'Pictures: back in % scenes.', put_back;
    END IF;
END
$$;

-- The rollback of 20261125_0004_keys_with_owner drops what this refers to.
ALTER TABLE IF EXISTS pad_ws.pad_pictures DROP CONSTRAINT IF EXISTS pad_pictures_pad_id_owner_id_fkey;
