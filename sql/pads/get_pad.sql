-- One pad of its owner; its scene is left out (null) when the caller already has this version.
-- Index: pads_id_owner_id_key.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v known_versions="'{}'" -f sql/pads/get_pad.sql

SELECT
    id,
    owner_id,
    display_name,
    CASE
        WHEN version <@ :known_versions::int8multirange THEN NULL
        WHEN version = 0 THEN pad_ws.stamp_scene(data, id, display_name)
        ELSE data
    END AS data,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at,
    version
FROM pad_ws.pads
WHERE
    id = :pad_id
    AND owner_id = :owner_id;
