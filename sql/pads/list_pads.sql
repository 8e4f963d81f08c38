-- A user's pads, oldest first, and a digest of all their versions: the list's ETag. Scenes are left
-- out (null) when the caller does not want them. A caller who already has this list (`*`: any)
-- gets its first pad only, for the ETag. A pad at version 0 was written by pad.ws, whose scenes do
-- not always carry the pad's id and name.
-- Index: pads_owner_id_created_at_idx.
-- psql -v owner_id="'…'" -v with_data=true -v known_etags="'{}'" -f sql/pads/list_pads.sql

WITH digest AS (
    SELECT md5(string_agg(id || ':' || version, ',' ORDER BY created_at, id)) AS etag
    FROM pad_ws.pads
    WHERE owner_id = :owner_id
),

own AS (
    SELECT
        etag,
        ARRAY[etag, '*'] && :known_etags::text[] AS is_known
    FROM digest
)

SELECT
    pads.id,
    pads.owner_id,
    pads.display_name,
    CASE
        WHEN NOT :with_data OR own.is_known THEN NULL
        WHEN pads.version = 0 THEN pad_ws.stamp_scene(pads.data, pads.id, pads.display_name)
        ELSE pads.data
    END AS data,
    coalesce(pads.created_at, pads.updated_at, 'epoch') AS created_at,
    coalesce(pads.updated_at, pads.created_at, 'epoch') AS updated_at,
    pads.version,
    own.etag
FROM pad_ws.pads AS pads
CROSS JOIN own
WHERE pads.owner_id = :owner_id
ORDER BY pads.created_at NULLS FIRST, pads.id
LIMIT (SELECT CASE WHEN one.is_known THEN 1 END FROM own AS one);
