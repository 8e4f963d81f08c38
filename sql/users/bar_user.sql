-- Bar a user who is being deleted: nobody from here on, while the user's things are removed. Once more is
-- as good. No row: no such user. Index: users_pkey.
-- psql -v user_id="'…'" -f sql/users/bar_user.sql

UPDATE pad_ws.users
SET deleted_at = coalesce(deleted_at, now())
WHERE id = :user_id
RETURNING
    id,
    username,
    email,
    email_verified,
    coalesce(name, '') AS name,
    coalesce(given_name, '') AS given_name,
    coalesce(family_name, '') AS family_name,
    roles,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at;
