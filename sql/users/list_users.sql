-- A page of users, in the order of their ids; the next page starts after its last id. Index: users_pkey.
-- psql -v after="'00000000-0000-0000-0000-000000000000'" -v limit=100 -f sql/users/list_users.sql

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
    AND deleted_at IS NULL
ORDER BY id
LIMIT :limit;
