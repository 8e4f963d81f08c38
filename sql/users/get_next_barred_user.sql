-- The next user who is being deleted, in the order of ids. Index: users_deleted_idx.
-- psql -v after="'00000000-0000-0000-0000-000000000000'" -f sql/users/get_next_barred_user.sql

SELECT
    id,
    username,
    email,
    email_verified,
    coalesce(name, '') AS name,
    coalesce(given_name, '') AS given_name,
    coalesce(family_name, '') AS family_name,
    roles,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at
FROM pad_ws.users
WHERE
    id > :after
    AND deleted_at IS NOT NULL
ORDER BY id
LIMIT 1;
