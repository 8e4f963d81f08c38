-- Bar a user who is being deleted: no session and no token of the user is accepted, while the user's things are
-- removed. Once more is as good. No row: no such user. What breaks a rule in a row of pad.ws, which would refuse
-- this, is mended.
-- Index: users_pkey.
-- psql -v user_id="'…'" -f sql/users/bar_user.sql

UPDATE pad_ws.users
SET
    username = CASE WHEN username ~ '\S' THEN username ELSE 'user_' || id::text END,
    email = CASE WHEN email ~ '\S' THEN email ELSE 'user_' || id::text || '@example.com' END,
    roles = CASE
        WHEN jsonb_typeof(roles) = 'array' AND NOT roles @? 'strict $[*] ? (@.type() <> "string")' THEN roles
        ELSE '[]'
    END,
    updated_at = greatest(updated_at, created_at),
    deleted_at = least(deleted_at, now())
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
