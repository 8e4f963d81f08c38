-- A new user. Constraints: users_pkey, and the unique indexes on username and email.
-- Index: none is read.
-- psql -v user_id="'…'" -v username="'…'" -v email="'…'" -v email_verified=false -v name="'…'" \
--      -v given_name="'…'" -v family_name="'…'" -v roles="'[]'" -f sql/users/insert_user.sql

INSERT INTO pad_ws.users (
    id, username, email, email_verified, name, given_name, family_name, roles, created_at, updated_at
)
VALUES (
    :user_id, :username, :email, :email_verified, :name, :given_name, :family_name, :roles::jsonb, now(), now()
)
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
