-- Make a pad of a takeout, unless its owner has it; under the derived id where the other one is somebody
-- else's. It is held until the transaction ends; its pictures come next (add_pictures, keep_pictures). No row: the
-- derived id is somebody else's, too.
-- Constraints: pads_data_is_scene; the owner must exist (pads_owner_id_fkey).
-- Index: those of pad_ws.import_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v derived_id="'…'" -v display_name="'…'" \
--      -v scene="'{\"elements\": []}'" -v pictures=null -v version=1 -v created_at="'2025-05-01'" \
--      -v updated_at="'2025-05-01'" -v last_backup_at=null -f sql/takeouts/import_pad.sql

SELECT
    id,
    is_new,
    differs,
    is_in_trash
FROM pad_ws.import_pad(
    :owner_id,
    :pad_id,
    :derived_id,
    :display_name::text,
    :scene::jsonb,
    :pictures::jsonb,
    :version::bigint,
    :created_at::timestamptz,
    :updated_at::timestamptz,
    :last_backup_at::timestamptz
);
