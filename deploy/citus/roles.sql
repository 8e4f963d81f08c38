-- What the service's role needs on a Citus cluster, beside deploy/postgresql/roles.sql, which is run first:
-- time-outs that reach every node. What a session sets for itself holds on the node that it is connected
-- to and on no other; what a role is given holds wherever it connects, also from node to node.
--
--     psql -d padws -f deploy/citus/roles.sql
--
-- Run on the coordinator, as a superuser; safe to run again at any time. Sessions that are open keep what
-- they have. Another name: -v service=…

\set ON_ERROR_STOP on
\set QUIET on
\if :{?service} \else \set service padws_service \endif

-- Citus passes ALTER ROLE on to every node.

BEGIN;

-- A save takes milliseconds. One on a node that stands still is given up after this, so that it does not
-- keep a connection from others: a node holds no more connections than the requests that come for it in
-- this time. Set DB_STATEMENT_TIMEOUT of the service to the same.
ALTER ROLE :"service" SET statement_timeout = '2s';

-- How long a save waits for another one of the same pad.
ALTER ROLE :"service" SET lock_timeout = '1s';

-- A transaction whose coordinator has gone is not kept open.
ALTER ROLE :"service" SET idle_in_transaction_session_timeout = '20s';

-- How long a node tries to connect to another one; 30 seconds if nothing is said.
ALTER ROLE :"service" SET citus.node_connection_timeout = '2s';

COMMIT;
