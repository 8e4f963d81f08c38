-- Take a pad out of its owner's trash, as it was put there. No row: it is not there, or due to be removed.
-- Index: those of pad_ws.restore_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v trash_for="'30 days'" -f sql/trash/restore_pad.sql

SELECT
    id,
    owner AS owner_id,
    name AS display_name,
    data,
    files,
    pictures,
    created_at,
    updated_at,
    version,
    digest,
    content
FROM pad_ws.restore_pad(:owner_id, :pad_id, :trash_for::interval);
