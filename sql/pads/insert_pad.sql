-- A new pad. Constraints: pads_data_is_scene; the owner must exist (pads_owner_id_fkey).
-- Index: users_pkey, for the foreign key.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v display_name="'…'" -v scene="'{\"elements\": []}'" \
--      -f sql/pads/insert_pad.sql

INSERT INTO pad_ws.pads (id, owner_id, display_name, data, version, created_at, updated_at)
VALUES (
    :pad_id,
    :owner_id,
    :display_name::text,
    pad_ws.stamp_scene(:scene::jsonb, :pad_id, :display_name::text),
    1,
    now(),
    now()
)
RETURNING
    id,
    owner_id,
    display_name,
    data AS data,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at,
    version;
