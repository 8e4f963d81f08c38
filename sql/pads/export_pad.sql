-- One pad of its owner as the content of an `.excalidraw` file: pad_ws.scene_for_others, its name in appState.
-- Where its pictures are kept apart, the scene's `files` is a column of its own, and each picture follows once,
-- as a row. Index: pads_id_owner_id_key, pad_pictures_pkey, pictures_pkey.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v source="'https://…'" -f sql/pads/export_pad.sql

WITH pad AS (
    SELECT
        id,
        display_name,
        pictures,
        pad_ws.scene_for_others(data) AS scene
    FROM pad_ws.pads
    WHERE
        id = :pad_id
        AND owner_id = :owner_id
        AND deleted_at IS NULL
),

file AS (
    SELECT
        id,
        display_name,
        pictures,
        scene || jsonb_build_object(
            'type', 'excalidraw',
            'version', 2,
            'source', :source::text,
            'elements', coalesce(scene -> 'elements', '[]'),
            'appState', CASE
                WHEN jsonb_typeof(scene -> 'appState') = 'object' THEN scene -> 'appState' ELSE '{}'
            END - 'pad' || jsonb_build_object('name', display_name)
        ) AS data
    FROM pad
)

SELECT
    display_name,
    CASE WHEN pictures IS NULL THEN data ELSE data - 'files' END AS data,
    CASE WHEN pictures IS NOT NULL THEN data -> 'files' END AS files,
    pictures,
    NULL AS digest,
    NULL::json AS content
FROM file
UNION ALL
SELECT
    NULL AS display_name,
    NULL AS data,
    NULL AS files,
    NULL AS pictures,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM file
INNER JOIN pad_ws.pad_pictures AS needed ON file.id = needed.pad_id AND needed.owner_id = :owner_id
INNER JOIN pad_ws.pictures AS kept ON needed.digest = kept.digest AND kept.owner_id = :owner_id
WHERE file.pictures IS NOT NULL;
