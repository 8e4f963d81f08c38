-- Update a user's row from a sign-in, or create it. No row: the user is being deleted. Index: users_pkey.
-- psql -v user_id="'…'" -v username="'…'" -v email="'…'" -v email_verified=false -v name="'…'" \
--      -v given_name="'…'" -v family_name="'…'" -v roles="'[]'" -f sql/users/upsert_user.sql

INSERT INTO pad_ws.users AS users (
    id, username, email, email_verified, name, given_name, family_name, roles, created_at, updated_at
)
VALUES (
    :user_id, :username, :email, :email_verified, :name, :given_name, :family_name, :roles::jsonb, now(), now()
)
ON CONFLICT (id) DO UPDATE
    SET
        username = excluded.username,
        email = excluded.email,
        email_verified = excluded.email_verified,
        name = excluded.name,
        given_name = excluded.given_name,
        family_name = excluded.family_name,
        roles = excluded.roles,
        updated_at = greatest(excluded.updated_at, users.created_at)
    WHERE users.deleted_at IS NULL
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
