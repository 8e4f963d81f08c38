-- Save a scene, as one transaction. No row if nothing was written.
-- Index: those of pad_ws.save_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v scene="'{\"elements\": []}'" -v accepted_versions="'{(,)}'" \
--      -v backup_interval="'5 min'" -v keep=10 -f sql/pads/save_pad.sql

SELECT
    version,
    updated_at,
    pruned
FROM pad_ws.save_pad(
    :owner_id,
    :pad_id,
    :scene::jsonb,
    :accepted_versions::int8multirange,
    :backup_interval::interval,
    :keep::integer
);
