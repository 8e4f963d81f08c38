-- A new pad; with a first backup if there is a reason for one. No row: a picture that it refers to is
-- missing. Constraints: pads_data_is_scene; the owner must exist (pads_owner_id_fkey, pictures_owner_id_fkey).
-- Index: those of pad_ws.insert_pad.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v display_name="'…'" -v scene="'{\"elements\": []}'" -v pictures=null \
--      -v contents=null -v reason=null -f sql/pads/insert_pad.sql

SELECT
    id,
    owner AS owner_id,
    name AS display_name,
    data,
    files,
    kept_pictures AS pictures,
    created_at,
    updated_at,
    version,
    digest,
    content
FROM pad_ws.insert_pad(
    :owner_id,
    :pad_id,
    :display_name::text,
    :scene::jsonb,
    :pictures::jsonb,
    :contents::json,
    :reason::text
);
