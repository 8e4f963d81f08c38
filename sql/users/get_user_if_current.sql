-- The user, if the row matches the sign-in; no row if it is missing or differs.
-- Index: users_pkey; IS NOT DISTINCT FROM keeps the planner from those on username and email.
-- psql -v user_id="'…'" -v username="'…'" -v email="'…'" -v email_verified=false -v name="'…'" \
--      -v given_name="'…'" -v family_name="'…'" -v roles="'[]'" -f sql/users/get_user_if_current.sql

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
    AND deleted_at IS NULL
    AND (username, email, email_verified, name, given_name, family_name, roles)
    IS NOT DISTINCT FROM
    (:username, :email, :email_verified, :name, :given_name, :family_name, :roles::jsonb);
