-- Save a scene, as one transaction; says which of its pictures are missing, if that is why nothing was
-- written. No row: no such pad, or another version.
-- Index: those of pad_ws.save_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v scene="'{\"elements\": []}'" -v pictures=null \
--      -v contents=null -v accepted_versions="'{(,)}'" -v backup_interval="'5 min'" -v keep=10 -f sql/pads/save_pad.sql

SELECT
    version,
    updated_at,
    pruned,
    missing
FROM pad_ws.save_pad(
    :owner_id,
    :pad_id,
    :scene::jsonb,
    :pictures::jsonb,
    :contents::json,
    :accepted_versions::int8multirange,
    :backup_interval::interval,
    :keep::integer
);
