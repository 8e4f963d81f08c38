-- One pad of its owner; its scene is left out (null) when the caller already has this version. Where its
-- pictures are kept apart, the scene's `files` is a column of its own, and each picture follows once, as a
-- row, unless the caller does not want them. Index: pads_id_owner_id_key, pad_pictures_pkey, pictures_pkey.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v known_versions="'{}'" -v with_pictures=true -f sql/pads/get_pad.sql

WITH pad AS (
    SELECT
        id,
        owner_id,
        display_name,
        CASE
            WHEN version <@ :known_versions::int8multirange THEN NULL
            WHEN version = 0 THEN pad_ws.stamp_scene(data, id, display_name)
            ELSE data
        END AS data,
        pictures,
        coalesce(created_at, updated_at, 'epoch') AS created_at,
        coalesce(updated_at, created_at, 'epoch') AS updated_at,
        version
    FROM pad_ws.pads
    WHERE
        id = :pad_id
        AND owner_id = :owner_id
        AND deleted_at IS NULL
)

SELECT
    pad.id,
    pad.owner_id,
    pad.display_name,
    CASE WHEN pad.pictures IS NULL THEN pad.data ELSE pad.data - 'files' END AS data,
    CASE WHEN pad.pictures IS NOT NULL THEN pad.data -> 'files' END AS files,
    pad.pictures,
    pad.created_at,
    pad.updated_at,
    pad.version,
    NULL AS digest,
    NULL::json AS content
FROM pad
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
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM pad
INNER JOIN pad_ws.pad_pictures AS needed ON pad.id = needed.pad_id AND needed.owner_id = :owner_id
INNER JOIN pad_ws.pictures AS kept ON needed.digest = kept.digest AND kept.owner_id = :owner_id
WHERE
    :with_pictures
    AND pad.pictures IS NOT NULL
    AND pad.data IS NOT NULL;
