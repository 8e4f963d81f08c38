-- A pad that was in its owner's trash a moment ago, whether it still is or has been restored; after it each of its
-- pictures. Index: those of pad_ws.read_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -f sql/trash/get_trashed_pad.sql

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
FROM pad_ws.read_pad(:owner_id, :pad_id);
