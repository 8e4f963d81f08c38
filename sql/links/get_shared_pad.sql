-- The pad behind a share link that has not expired, and the link's password, hashed. The scene is left out
-- (null) where the link has a password and the caller says none, and where the caller has this version already;
-- it is without what is deleted in it and whose it is: pad_ws.scene_for_others. Where its pictures are kept apart,
-- the scene's `files` is a column of its own, and each picture follows once, as a row, unless the
-- caller does not want them. The owner is the one that the token names.
-- Index: links_owner_id_token_digest_key, pads_id_owner_id_key, pad_pictures_pkey, pictures_pkey.
-- psql -v owner_id="'…'" -v token_digest="sha256('…')" -v with_password=false -v known_versions="'{}'" \
--      -v with_pictures=true -f sql/links/get_shared_pad.sql

WITH link AS MATERIALIZED (
    SELECT
        pad_id,
        password_hash
    FROM pad_ws.links
    WHERE
        owner_id = :owner_id
        AND token_digest = :token_digest
        AND (expires_at IS NULL OR expires_at > now())
),

pad AS (
    SELECT
        pads.id,
        pads.display_name,
        CASE
            WHEN link.password_hash IS NOT NULL AND NOT :with_password THEN NULL
            WHEN pads.version <@ :known_versions::int8multirange THEN NULL
            ELSE pad_ws.scene_for_others(pads.data)
        END AS data,
        pads.pictures,
        coalesce(pads.updated_at, pads.created_at, 'epoch') AS updated_at,
        pads.version,
        link.password_hash
    FROM pad_ws.pads AS pads
    CROSS JOIN link
    WHERE
        pads.id = (SELECT one.pad_id FROM link AS one)
        AND pads.owner_id = :owner_id
        AND pads.deleted_at IS NULL
)

SELECT
    pad.display_name,
    CASE WHEN pad.pictures IS NULL THEN pad.data ELSE pad.data - 'files' END AS data,
    CASE WHEN pad.pictures IS NOT NULL THEN pad.data -> 'files' END AS files,
    pad.pictures,
    pad.updated_at,
    pad.version,
    pad.password_hash,
    NULL AS digest,
    NULL::json AS content
FROM pad
UNION ALL
SELECT
    NULL AS display_name,
    NULL AS data,
    NULL AS files,
    NULL AS pictures,
    NULL AS updated_at,
    NULL AS version,
    NULL AS password_hash,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM pad
INNER JOIN pad_ws.pad_pictures AS needed ON pad.id = needed.pad_id AND needed.owner_id = :owner_id
INNER JOIN pad_ws.pictures AS kept ON needed.digest = kept.digest AND kept.owner_id = :owner_id
WHERE
    :with_pictures
    AND pad.pictures IS NOT NULL
    AND pad.data IS NOT NULL;
