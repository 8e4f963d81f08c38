-- One user. Index: users_pkey.
-- psql -v user_id="'…'" -f sql/users/get_user.sql

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
    id = :user_id
    AND deleted_at IS NULL;
