-- Gives one of a user's pads to another user, with its backups and its pictures, wherever it is in the trash.
-- Returns which; null: there is none left. All that refers to the pad together with its owner is changed in
-- one statement: foreign keys are asked when that ends. Pictures are copied, where the new owner does not have
-- them; what the old one no longer needs is tidied away. Links to the pad end. What the new owner takes is counted
-- anew when something is next added; nothing is refused here.
-- The owner says on which node of a cluster a row is, and cannot be changed there.
-- Index: pads_owner_id_created_at_idx, pads_id_owner_id_key, backups_source_id_created_at_idx, pad_pictures_pkey,
-- backup_pictures_pkey, pictures_pkey, links_owner_id_pad_id_created_at_idx, usage_pkey; for foreign keys
-- backups_id_owner_id_key, pads_pkey, users_pkey.

CREATE OR REPLACE FUNCTION pad_ws.move_pad(owner_id uuid, new_owner_id uuid)
RETURNS uuid
LANGUAGE plpgsql
AS $$
DECLARE
    moved CONSTANT uuid := (
        SELECT pads.id
        FROM pad_ws.pads AS pads
        WHERE
            pads.owner_id = move_pad.owner_id
            AND pads.deleted_at IS DISTINCT FROM '-infinity'
        ORDER BY pads.created_at NULLS FIRST, pads.id
        LIMIT 1
        FOR UPDATE
    );
BEGIN
    PERFORM pg_advisory_xact_lock('pad_ws.pictures'::regclass::integer, hashtext(new_owner_id::text));
    INSERT INTO pad_ws.pictures AS kept (owner_id, digest, content)
    SELECT move_pad.new_owner_id, shown.digest, shown.content
    FROM pad_ws.pictures AS shown
    WHERE
        shown.owner_id = move_pad.owner_id
        AND shown.digest IN (
            SELECT needed.digest
            FROM pad_ws.pad_pictures AS needed
            WHERE
                needed.owner_id = move_pad.owner_id
                AND needed.pad_id = moved
            UNION
            SELECT needed.digest
            FROM pad_ws.backup_pictures AS needed
            WHERE
                needed.owner_id = move_pad.owner_id
                AND needed.backup_id IN (
                    SELECT backups.id
                    FROM pad_ws.backups AS backups
                    WHERE
                        backups.owner_id = move_pad.owner_id
                        AND backups.source_id = moved
                )
        )
    ORDER BY shown.digest
    ON CONFLICT ON CONSTRAINT pictures_pkey DO UPDATE
        SET unneeded_since = NULL;

    -- A link names the owner, and cannot be followed any more.
    DELETE FROM pad_ws.links AS links
    WHERE
        links.owner_id = move_pad.owner_id
        AND links.pad_id = moved;

    WITH moved_pad AS (
        UPDATE pad_ws.pads AS pads
        SET owner_id = move_pad.new_owner_id
        WHERE
            pads.owner_id = move_pad.owner_id
            AND pads.id = moved
    ),

    moved_backups AS (
        UPDATE pad_ws.backups AS backups
        SET owner_id = move_pad.new_owner_id
        WHERE
            backups.owner_id = move_pad.owner_id
            AND backups.source_id = moved
    ),

    moved_pictures AS (
        UPDATE pad_ws.pad_pictures AS needed
        SET owner_id = move_pad.new_owner_id
        WHERE
            needed.owner_id = move_pad.owner_id
            AND needed.pad_id = moved
    )

    UPDATE pad_ws.backup_pictures AS needed
    SET owner_id = move_pad.new_owner_id
    WHERE
        needed.owner_id = move_pad.owner_id
        AND needed.backup_id IN (
            SELECT backups.id
            FROM pad_ws.backups AS backups
            WHERE
                backups.owner_id = move_pad.owner_id
                AND backups.source_id = moved
        );

    UPDATE pad_ws.usage AS counted
    SET counted_at = '-infinity'
    WHERE counted.owner_id = move_pad.new_owner_id AND moved IS NOT NULL;
    RETURN moved;
END
$$;

COMMENT ON FUNCTION pad_ws.move_pad IS
'Gives one of a user''s pads to another user, with all that belongs to it; null: there is none left.';
