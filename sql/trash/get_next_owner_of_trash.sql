-- The next user who has something in the trash, in the order of ids. Index: pads_owner_id_deleted_at_idx.
-- psql -v after="'00000000-0000-0000-0000-000000000000'" -f sql/trash/get_next_owner_of_trash.sql

SELECT owner_id
FROM pad_ws.pads
WHERE
    owner_id > :after
    AND deleted_at IS NOT NULL
ORDER BY owner_id
LIMIT 1;
