-- Whose a personal access token is that does not say so itself: those made before 0.2. To be asked
-- before such a token is used; on Citus it goes to every shard. Index: access_tokens_token_digest_key.
-- psql -v token_digest="sha256('…')" -f sql/tokens/get_token_owner.sql

SELECT user_id
FROM pad_ws.access_tokens
WHERE token_digest = :token_digest;
