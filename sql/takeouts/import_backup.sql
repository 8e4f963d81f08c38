-- Add a backup of a takeout to a pad of its owner, unless it is there; says whether it was added.
-- Index: those of pad_ws.import_backup.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v backup_id="'…'" -v derived_id="'…'" \
--      -v scene="'{\"elements\": []}'" -v pictures=null -v reason="'manual'" -v label=null \
--      -v version=1 -v taken_at="'2025-05-01'" -v unless_equal=false -f sql/takeouts/import_backup.sql

SELECT added
FROM pad_ws.import_backup(
    :owner_id,
    :pad_id,
    :backup_id,
    :derived_id,
    :scene::jsonb,
    :pictures::jsonb,
    :reason::text,
    :label::text,
    :version::bigint,
    :taken_at::timestamptz,
    :unless_equal::boolean
) AS added;
