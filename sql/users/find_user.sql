-- The user whom a text names: by id (users_pkey), else by username, else by address, whatever its case.
-- Index: users_username_key, users_email_lower_key.
-- psql -v text="'…'" -f sql/users/find_user.sql

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
    id = CASE
        WHEN lower(:text::text) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (:text::text)::uuid
    END
    OR username = :text::text
    OR lower(email) = lower(:text::text)
ORDER BY id::text = lower(:text::text) DESC, username = :text::text DESC
LIMIT 1;
