-- A page of a user's pads, in an order; where there is a search, of those that it finds. The list's ETag, a digest
-- of all versions of the user's pads, is that of every page. A caller who has it already (`*`: any) gets one row
-- with the ETag alone, and so does whoever asks for a page without a pad. It is null where the user has none.
--
-- A search goes through the pads in the order asked for until it has `most_pads` (null: all) that match every
-- one of `words`: pad_ws.search_scene. Without words, no scene is looked at.
-- `after_key` and `after_id` are those of the last pad of the page before. Scenes, pictures and what is left out
-- of them are as in list_pads.sql.
-- Index: pads_owner_id_created_at_live_idx, pads_id_owner_id_key, pictures_pkey, pad_pictures_pkey.
-- psql -v owner_id="'…'" -v sort="'created'" -v direction=1 -v is_first=true -v after_key="''" -v after_id="'…'" \
--      -v most_pads=100 -v words="'{}'" -v any_word="''" -v with_data=false -v with_pictures=false \
--      -v known_etags="'{}'" -f sql/pads/find_pads.sql

WITH own AS MATERIALIZED (
    SELECT
        id,
        version,
        created_at,
        display_name,
        CASE
            WHEN :sort = 'name' THEN lower(display_name)
            ELSE to_char(
                coalesce(
                    CASE WHEN :sort = 'updated' THEN updated_at ELSE created_at END,
                    created_at,
                    updated_at,
                    'epoch'
                ) AT TIME ZONE 'UTC',
                'YYYY-MM-DD HH24:MI:SS.US'
            )
        END AS key
    FROM pad_ws.pads
    WHERE
        owner_id = :owner_id
        AND deleted_at IS NULL
),

digest AS (
    SELECT md5(string_agg(id || ':' || version, ',' ORDER BY created_at, id)) AS etag
    FROM own
),

known AS (
    SELECT
        etag,
        coalesce(ARRAY[etag, '*'] && :known_etags::text[], FALSE) AS is_known
    FROM digest
),

sorted AS (
    SELECT
        own.id,
        own.display_name,
        own.key,
        row_number() OVER (ORDER BY own.key, own.id) * :direction::integer AS place
    FROM own
    WHERE
        :is_first OR CASE
            WHEN :direction::integer > 0 THEN (own.key, own.id) > (:after_key::text, :after_id::uuid)
            ELSE (own.key, own.id) < (:after_key::text, :after_id::uuid)
        END
    ORDER BY place
),

page AS MATERIALIZED (
    SELECT
        sorted.id,
        sorted.key,
        sorted.place,
        found.matches
    FROM sorted
    CROSS JOIN
        LATERAL pad_ws.search_scene(
            CASE
                WHEN :any_word <> '' THEN (
                    SELECT pads.data FROM pad_ws.pads AS pads
                    WHERE
                        pads.id = sorted.id
                        AND pads.owner_id = :owner_id
                )
            END,
            sorted.display_name,
            :words::text[],
            :any_word
        ) AS found (matches)
    WHERE
        found.matches IS NOT NULL
        AND NOT (SELECT known.is_known FROM known)
    ORDER BY sorted.place
    LIMIT :most_pads
)

(
    SELECT
        pads.id,
        pads.owner_id,
        pads.display_name,
        CASE
            WHEN NOT :with_data THEN NULL
            WHEN pads.version = 0 THEN pad_ws.stamp_scene(pads.data, pads.id, pads.display_name)
            WHEN pads.pictures IS NULL THEN pads.data
            ELSE pads.data - 'files'
        END AS data,
        CASE
            WHEN NOT :with_data OR pads.version = 0 OR pads.pictures IS NULL THEN NULL
            ELSE pads.data -> 'files'
        END AS files,
        CASE WHEN :with_data THEN pads.pictures END AS pictures,
        coalesce(pads.created_at, pads.updated_at, 'epoch') AS created_at,
        coalesce(pads.updated_at, pads.created_at, 'epoch') AS updated_at,
        pads.version,
        known.etag,
        page.key,
        page.matches,
        NULL AS digest,
        NULL::json AS content
    FROM known
    LEFT JOIN page ON TRUE
    LEFT JOIN pad_ws.pads AS pads ON page.id = pads.id AND pads.owner_id = :owner_id
    ORDER BY page.place
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
    NULL AS key,
    NULL AS matches,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM pad_ws.pictures AS kept
WHERE
    kept.owner_id = :owner_id
    AND :with_data
    AND :with_pictures
    AND EXISTS (
        SELECT
        FROM page
        INNER JOIN pad_ws.pad_pictures AS needed ON page.id = needed.pad_id
        WHERE
            needed.owner_id = :owner_id
            AND needed.digest = kept.digest
    );
