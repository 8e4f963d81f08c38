-- Merge a part of a scene, its pictures apart, into a pad, as one transaction. No row: no such pad of
-- this owner.
-- Index: those of pad_ws.merge_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v scene="'{\"elements\": []}'" -v pictures=NULL -v contents=NULL \
--      -v new_pictures=true -v base_versions="'{(,)}'" \
--      -v backup_interval="'5 min'" -v most_bytes=20000000 -v most_values=3000000 \
--      -v retention="'{\"newest\": 10, \"hourly\": 24, \"daily\": 30, \"weekly\": 52, \"replaced_days\": 30}'" \
--      -f sql/pads/merge_pad.sql

SELECT
    version,
    updated_at,
    pruned,
    others,
    kept,
    refusal,
    missing
FROM pad_ws.merge_pad(
    :owner_id,
    :pad_id,
    :scene::jsonb,
    :pictures::jsonb,
    :contents::json,
    :new_pictures::boolean,
    :base_versions::int8multirange,
    :backup_interval::interval,
    :retention::jsonb,
    :most_bytes::bigint,
    :most_values::bigint
);
