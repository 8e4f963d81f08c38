-- Save a scene, as one transaction; says which of its pictures are missing, if that is why nothing was
-- written, which backup has what was replaced, if that was kept, and whether a later save had overtaken this
-- one: then the scene itself was kept. No row: no such pad, or another version.
-- Index: those of pad_ws.save_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v scene="'{\"elements\": []}'" -v pictures=null \
--      -v contents=null -v elements=null -v versions=null -v element_hashes=null -v inline_pictures=null \
--      -v waited="'0'" -v accepted_versions="'{(,)}'" -v backup_interval="'5 min'" \
--      -v retention="'{\"newest\": 10, \"hourly\": 24, \"daily\": 30, \"weekly\": 52, \"replaced_days\": 30}'" \
--      -f sql/pads/save_pad.sql

SELECT
    version,
    updated_at,
    pruned,
    missing,
    kept,
    overtaken
FROM pad_ws.save_pad(
    :owner_id,
    :pad_id,
    :scene::jsonb,
    :pictures::jsonb,
    :contents::json,
    :elements::integer,
    :versions::bigint,
    :element_hashes::integer[],
    :inline_pictures::bigint,
    :waited::interval,
    :accepted_versions::int8multirange,
    :backup_interval::interval,
    :retention::jsonb
);
