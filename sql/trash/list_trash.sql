-- What is in a user's trash and not due to be removed, newest first. Scenes are left out (null) when the caller
-- does not want them; where pictures are kept apart, a scene's `files` is a column of its own, and after the
-- pads comes each picture once, unless the caller does not want them. `before` and `before_id` are those of the last
-- pad of the page before; at most `most_pads` are listed (null: all).
-- Index: pads_owner_id_deleted_at_idx, pad_pictures_pkey, pictures_pkey.
-- psql -v owner_id="'…'" -v trash_for="'30 days'" -v before="'infinity'" -v before_id="'…'" -v most_pads=100 \
--      -v with_data=true -v with_pictures=true -f sql/trash/list_trash.sql

WITH listed AS (
    SELECT
        id,
        display_name,
        data,
        pictures,
        created_at,
        updated_at,
        deleted_at,
        pad_ws.purged_at(deleted_at, updated_at, :trash_for::interval) AS purged_at,
        version
    FROM pad_ws.pads
    WHERE
        owner_id = :owner_id
        AND deleted_at IS NOT NULL
        AND (deleted_at, id) < (:before::timestamptz, :before_id::uuid)
        AND pad_ws.purged_at(deleted_at, updated_at, :trash_for::interval) > now()
    ORDER BY deleted_at DESC, id DESC
    LIMIT :most_pads
)

(
    SELECT
        listed.id,
        listed.display_name,
        CASE
            WHEN NOT :with_data THEN NULL
            WHEN listed.version = 0 THEN pad_ws.stamp_scene(listed.data, listed.id, listed.display_name)
            WHEN listed.pictures IS NULL THEN listed.data
            ELSE listed.data - 'files'
        END AS data,
        CASE WHEN :with_data AND listed.pictures IS NOT NULL THEN listed.data -> 'files' END AS files,
        CASE WHEN :with_data THEN listed.pictures END AS pictures,
        coalesce(listed.created_at, listed.updated_at, 'epoch') AS created_at,
        coalesce(listed.updated_at, listed.created_at, 'epoch') AS updated_at,
        listed.deleted_at,
        listed.purged_at,
        listed.version,
        NULL AS digest,
        NULL::json AS content
    FROM listed
    ORDER BY listed.deleted_at DESC, listed.id DESC
)
UNION ALL
SELECT
    NULL AS id,
    NULL AS display_name,
    NULL AS data,
    NULL AS files,
    NULL AS pictures,
    NULL AS created_at,
    NULL AS updated_at,
    NULL AS deleted_at,
    NULL AS purged_at,
    NULL AS version,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM (
    SELECT DISTINCT needed.digest
    FROM listed
    INNER JOIN pad_ws.pad_pictures AS needed ON listed.id = needed.pad_id AND needed.owner_id = :owner_id
    WHERE :with_data AND :with_pictures
) AS needed
INNER JOIN pad_ws.pictures AS kept ON needed.digest = kept.digest AND kept.owner_id = :owner_id;
