-- The next user who is being deleted, in the order of ids. Index: users_deleted_idx.
-- psql -v after="'00000000-0000-0000-0000-000000000000'" -f sql/users/get_next_barred_user.sql

SELECT id
FROM pad_ws.users
WHERE
    id > :after
    AND deleted_at IS NOT NULL
ORDER BY id
LIMIT 1;
