-- Change the given fields of a user; a null leaves a field as it is. Index: users_pkey.
-- psql -v user_id="'…'" -v username=NULL -v email=NULL -v email_verified=NULL -v name=NULL \
--      -v given_name=NULL -v family_name=NULL -v roles=NULL -f sql/users/update_user.sql

UPDATE pad_ws.users
SET
    username = coalesce(:username, username),
    email = coalesce(:email, email),
    email_verified = coalesce(:email_verified, email_verified),
    name = coalesce(:name, name),
    given_name = coalesce(:given_name, given_name),
    family_name = coalesce(:family_name, family_name),
    roles = coalesce(:roles::jsonb, roles),
    updated_at = greatest(now(), created_at)
WHERE
    id = :user_id
    AND deleted_at IS NULL
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
