-- Let nobody else give users names or email addresses until the transaction ends; to be called
-- before whatever does so. Two sign-ins that claim the same name at once, or each other's, would
-- else end in a unique violation or a deadlock, as neither sees what the other has not committed.
-- Index: none is read.
-- psql -f sql/users/lock_user_names.sql

SELECT pg_advisory_xact_lock('pad_ws.users'::regclass::integer, 0);
