-- A user's pads, oldest first, and a digest of all their versions: the list's ETag. Scenes are left
-- out (null) when the caller does not want them. A caller who already has this list (`*`: any)
-- gets its first pad only, for the ETag. A pad at version 0 was written by pad.ws, whose scenes do
-- not always carry the pad's id and name. Where pictures are kept apart, a scene's `files` is a column of
-- its own, and each picture follows once, as a row, unless the caller does not want them.
-- Index: pads_owner_id_created_at_live_idx, pictures_pkey, pad_pictures_pkey.
-- psql -v owner_id="'…'" -v with_data=true -v with_pictures=true -v known_etags="'{}'" -f sql/pads/list_pads.sql

WITH digest AS (
    SELECT md5(string_agg(id || ':' || version, ',' ORDER BY created_at, id)) AS etag
    FROM pad_ws.pads
    WHERE
        owner_id = :owner_id
        AND deleted_at IS NULL
),

live AS MATERIALIZED (
    SELECT id
    FROM pad_ws.pads
    WHERE
        owner_id = :owner_id
        AND deleted_at IS NULL
),

own AS (
    SELECT
        etag,
        ARRAY[etag, '*'] && :known_etags::text[] AS is_known
    FROM digest
)

(
    SELECT
        pads.id,
        pads.owner_id,
        pads.display_name,
        CASE
            WHEN NOT :with_data OR own.is_known THEN NULL
            WHEN pads.version = 0 THEN pad_ws.stamp_scene(pads.data, pads.id, pads.display_name)
            WHEN pads.pictures IS NULL THEN pads.data
            ELSE pads.data - 'files'
        END AS data,
        CASE
            WHEN NOT :with_data OR own.is_known OR pads.version = 0 OR pads.pictures IS NULL THEN NULL
            ELSE pads.data -> 'files'
        END AS files,
        CASE WHEN :with_data THEN pads.pictures END AS pictures,
        coalesce(pads.created_at, pads.updated_at, 'epoch') AS created_at,
        coalesce(pads.updated_at, pads.created_at, 'epoch') AS updated_at,
        pads.version,
        own.etag,
        NULL AS digest,
        NULL::json AS content
    FROM pad_ws.pads AS pads
    CROSS JOIN own
    WHERE
        pads.owner_id = :owner_id
        AND pads.deleted_at IS NULL
    ORDER BY pads.created_at NULLS FIRST, pads.id
    LIMIT (SELECT CASE WHEN one.is_known THEN 1 END FROM own AS one)
)
UNION ALL
SELECT
    NULL AS id,
    NULL AS owner_id,
    NULL AS display_name,
    NULL AS data,
    NULL AS files,
    NULL AS pictures,
    NULL AS created_at,
    NULL AS updated_at,
    NULL AS version,
    NULL AS etag,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM pad_ws.pictures AS kept
WHERE
    kept.owner_id = :owner_id
    AND :with_data
    AND :with_pictures
    AND NOT (SELECT own.is_known FROM own)
    AND EXISTS (
        SELECT
        FROM live
        INNER JOIN pad_ws.pad_pictures AS needed ON live.id = needed.pad_id
        WHERE
            needed.owner_id = :owner_id
            AND needed.digest = kept.digest
    );
