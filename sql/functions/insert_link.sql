-- Makes a share link of a pad. No row: no such pad. Raises PW021 where the pad has as many links as it may that have
-- not expired; of those that have, one makes room. Of several requests at once each sees the links of before, so
-- there can be a few more.
-- Constraints: links_expires_after_creation. Index: pads_id_owner_id_key, links_owner_id_pad_id_created_at_idx,
-- where one makes room also the primary key of links; users_pkey, which a foreign key asks.

CREATE OR REPLACE FUNCTION pad_ws.insert_link(
    owner_id uuid,
    pad_id uuid,
    link_id uuid,
    token_digest bytea,
    password_hash text,
    expires_at timestamptz,
    most integer
)
RETURNS TABLE (id uuid, created timestamptz, expires timestamptz, has_password boolean)
LANGUAGE plpgsql
AS $$
DECLARE
    moment CONSTANT timestamptz := now();
    others record;
BEGIN
    PERFORM
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = insert_link.pad_id
        AND pads.owner_id = insert_link.owner_id
        AND pads.deleted_at IS NULL
    FOR KEY SHARE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    SELECT
        count(*) AS number,
        count(*) FILTER (WHERE links.expires_at <= moment) AS expired
    INTO others
    FROM pad_ws.links AS links
    WHERE
        links.owner_id = insert_link.owner_id
        AND links.pad_id = insert_link.pad_id;

    IF others.number - others.expired >= most THEN
        RAISE SQLSTATE 'PW021' USING MESSAGE = 'the pad has as many links as it may';
    END IF;

    IF others.number >= most THEN
        DELETE FROM pad_ws.links AS links
        WHERE
            links.owner_id = insert_link.owner_id
            AND links.id = (
                SELECT ended.id
                FROM pad_ws.links AS ended
                WHERE
                    ended.owner_id = insert_link.owner_id
                    AND ended.pad_id = insert_link.pad_id
                    AND ended.expires_at <= moment
                ORDER BY ended.expires_at, ended.id
                LIMIT 1
            );
    END IF;

    RETURN QUERY
    INSERT INTO pad_ws.links AS new (
        owner_id, id, pad_id, token_digest, password_hash, created_at, expires_at
    )
    VALUES (
        insert_link.owner_id,
        insert_link.link_id,
        insert_link.pad_id,
        insert_link.token_digest,
        insert_link.password_hash,
        moment,
        insert_link.expires_at
    )
    RETURNING new.id, new.created_at, new.expires_at, new.password_hash IS NOT NULL;
END
$$;

COMMENT ON FUNCTION pad_ws.insert_link IS
'Makes a share link of a pad; no row if there is no such pad. Raises PW021 where it has as many as it may.';
