-- Pads in a range of ids that are not as they must be, and why: the names of the constraints they break, or
-- what no constraint asks. Reads every scene. Whether a pad's pictures are there is asked of its references
-- to them: find_damaged_pad_pictures.sql. Whatever pad.ws alone has written is at version 0.
-- Index: pads_id_owner_id_key, users_pkey, users_deleted_idx, pad_pictures_pkey.
-- psql -v first_id="'00000000-0000-0000-0000-000000000000'" -v last_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/find_damaged_pads.sql

SELECT
    pads.id,
    pads.owner_id,
    pads.version = 0 AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.pads AS pads
CROSS JOIN
    LATERAL array_cat(array_remove(ARRAY[
        CASE WHEN NOT pad_ws.is_scene(pads.data) THEN 'pads_data_is_scene' END,
        -- Written out, so that every part of it is read.
        CASE WHEN length(pads.data::text) < 1 THEN 'data cannot be read' END,
        CASE WHEN jsonb_typeof(pads.pictures) <> 'object' THEN 'pictures is not an object' END,
        CASE
            WHEN (SELECT users.id FROM pad_ws.users AS users WHERE users.id = pads.owner_id) IS NULL
                THEN 'pads_owner_id_fkey'
        END,
        CASE WHEN pads.display_name !~ '\S' THEN 'pads_display_name_not_blank' END,
        CASE WHEN pads.version < 0 THEN 'pads_version_not_negative' END,
        CASE WHEN pads.restored_version > pads.version THEN 'restored_version is after version' END,
        CASE
            WHEN pads.version <> 0 AND pads.updated_at < pads.created_at - interval '1 minute'
                THEN 'pads_times_in_order'
        END,
        CASE
            WHEN greatest(pads.created_at, pads.updated_at) > now() + interval '1 day'
                THEN 'created_at or updated_at is in the future'
        END,
        CASE
            WHEN isfinite(pads.deleted_at) AND pads.deleted_at > now() + interval '1 day'
                THEN 'deleted_at is in the future'
        END,
        CASE
            WHEN pads.deleted_at = 'infinity' AND NOT EXISTS (
                SELECT FROM pad_ws.users AS users
                WHERE
                    users.id = pads.owner_id
                    AND users.deleted_at IS NOT NULL
            ) THEN 'frozen, though its owner is not being deleted'
        END,
        -- What a save has counted, which the next one trusts as long as nobody else has written.
        CASE
            WHEN pads.counted_at = pads.updated_at AND (
                pads.elements <> (SELECT count(*) FROM pad_ws.element_keys(pads.data))
                OR pads.versions <> pad_ws.sum_of_versions(pads.data)
                OR cardinality(pads.element_hashes) > least(pads.elements, 64)
                OR (cardinality(pads.element_hashes) = 0) <> (pads.elements = 0)
            ) THEN 'elements, versions or element_hashes are of another scene'
        END,
        -- Until then no save would take a backup.
        CASE WHEN pads.last_backup_at > now() + interval '1 day' THEN 'last_backup_at is in the future' END
    ], NULL), array(
        SELECT 'pad_pictures lacks ' || coalesce(file.value, 'null')
        FROM
            jsonb_each_text(
                CASE WHEN jsonb_typeof(pads.pictures) = 'object' THEN pads.pictures END
            ) AS file
        EXCEPT
        SELECT 'pad_pictures lacks ' || encode(needed.digest, 'hex')
        FROM pad_ws.pad_pictures AS needed
        WHERE
            needed.owner_id = pads.owner_id
            AND needed.pad_id = pads.id
    )) AS found (faults)
WHERE
    pads.id BETWEEN :first_id AND :last_id
    AND found.faults <> '{}'
ORDER BY pads.id;
