-- Backups in a range of ids that are not as they must be, and why: the names of the constraints they break,
-- or what no constraint asks. Reads every scene. Whether a backup's pictures are there is asked of its references
-- to them: find_damaged_backup_pictures.sql. Who wrote a backup cannot be told.
-- Index: backups_pkey, pads_id_owner_id_key, backup_pictures_pkey.
-- psql -v first_id="'00000000-0000-0000-0000-000000000000'" -v last_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/find_damaged_backups.sql

SELECT
    backups.id,
    backups.owner_id,
    TRUE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.backups AS backups
CROSS JOIN
    LATERAL array_cat(array_remove(ARRAY[
        CASE
            WHEN jsonb_typeof(backups.data) <> 'object' THEN 'backups_data_is_object'
            WHEN NOT pad_ws.is_scene(backups.data) THEN 'data is not a scene'
        END,
        -- Written out, so that every part of it is read; a digest reads it as well.
        CASE WHEN backups.digest IS NULL AND length(backups.data::text) < 1 THEN 'data cannot be read' END,
        CASE WHEN jsonb_typeof(backups.pictures) <> 'object' THEN 'pictures is not an object' END,
        CASE WHEN backups.owner_id IS NULL THEN 'backups_owner_id_given' END,
        CASE
            WHEN backups.owner_id IS NOT NULL AND (
                SELECT pads.id FROM pad_ws.pads AS pads
                WHERE
                    pads.id = backups.source_id
                    AND pads.owner_id = backups.owner_id
            ) IS NULL THEN 'backups_source_id_owner_id_fkey'
        END,
        CASE
            WHEN
                backups.reason NOT IN (
                    'interval', 'manual', 'restore', 'replaced', 'merge', 'template', 'import'
                )
                THEN 'backups_reason_known'
        END,
        CASE
            WHEN backups.elements <> (SELECT count(*) FROM pad_ws.element_keys(backups.data))
                THEN 'elements is another number'
        END,
        CASE
            WHEN backups.digest <> pad_ws.digest_scene(backups.data, backups.pictures)
                THEN 'digest is of another scene'
        END,
        CASE WHEN NOT (backups.label ~ '\S' AND length(backups.label) <= 100) THEN 'backups_label_not_blank' END,
        CASE
            WHEN backups.digest IS NOT NULL AND backups.updated_at < backups.created_at - interval '1 minute'
                THEN 'backups_times_in_order'
        END,
        CASE
            WHEN greatest(backups.created_at, backups.updated_at) > now() + interval '1 day'
                THEN 'created_at or updated_at is in the future'
        END
    ], NULL), array(
        SELECT 'backup_pictures lacks ' || coalesce(file.value, 'null')
        FROM
            jsonb_each_text(
                CASE WHEN jsonb_typeof(backups.pictures) = 'object' THEN backups.pictures END
            ) AS file
        EXCEPT
        SELECT 'backup_pictures lacks ' || encode(needed.digest, 'hex')
        FROM pad_ws.backup_pictures AS needed
        WHERE
            needed.owner_id = backups.owner_id
            AND needed.backup_id = backups.id
    )) AS found (faults)
WHERE
    backups.id BETWEEN :first_id AND :last_id
    AND found.faults <> '{}'
ORDER BY backups.id;
