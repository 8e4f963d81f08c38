-- Let nobody else give users names or email addresses until the transaction ends; to be called
-- before whatever does so. Two sign-ins that claim the same name at once, or each other's, would
-- else end in a unique violation or a deadlock, as neither sees what the other has not committed.
-- The user whose names are to be changed is looked at first: who waits without having read a row is no
-- transaction to Citus, which then takes queues for deadlocks. Index: users_pkey.
-- psql -v user_id="'…'" -f sql/users/lock_user_names.sql

SELECT pg_advisory_xact_lock('pad_ws.users'::regclass::integer, 0)
FROM (SELECT count(*) AS number FROM pad_ws.users WHERE id = :user_id) AS looked_at
WHERE looked_at.number >= 0;
