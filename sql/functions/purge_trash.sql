-- Removes for good what has been in a user's trash for long enough: a lot of it, so that it takes little time
-- however much there is. First go at most so many backups, then the pads that have none left. Says how many of
-- each; none of either: there is no more, or another clean-up is removing it. What is begun does not come back.
-- Index: pads_owner_id_deleted_at_idx, pads_id_owner_id_key, backups_source_id_created_at_idx,
-- backups_id_owner_id_key; pad_pictures_pkey, backup_pictures_pkey and links_owner_id_pad_id_created_at_idx, for
-- foreign keys.

CREATE OR REPLACE FUNCTION pad_ws.purge_trash(owner_id uuid, trash_for interval, most integer)
RETURNS TABLE (pads bigint, backups bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    due uuid[];
BEGIN
    -- Nobody waits for a clean-up, and it waits for nobody.
    due := ARRAY(
        SELECT trashed.id
        FROM pad_ws.pads AS trashed
        WHERE
            trashed.owner_id = purge_trash.owner_id
            AND trashed.deleted_at IS NOT NULL
            AND trashed.deleted_at <= moment - trash_for
            AND pad_ws.purged_at(trashed.deleted_at, trashed.updated_at, trash_for) <= moment
        ORDER BY trashed.deleted_at, trashed.id
        LIMIT most
        FOR UPDATE SKIP LOCKED
    );

    DELETE FROM pad_ws.backups AS doomed
    WHERE
        doomed.owner_id = purge_trash.owner_id
        AND doomed.id IN (
            SELECT taken.id
            FROM pad_ws.backups AS taken
            WHERE
                taken.owner_id = purge_trash.owner_id
                AND taken.source_id = ANY(due)
            LIMIT most
        );
    GET DIAGNOSTICS backups = ROW_COUNT;

    DELETE FROM pad_ws.pads AS doomed
    WHERE
        doomed.owner_id = purge_trash.owner_id
        AND doomed.id = ANY(due)
        AND NOT EXISTS (
            SELECT FROM pad_ws.backups AS taken
            WHERE
                taken.owner_id = purge_trash.owner_id
                AND taken.source_id = doomed.id
        );
    GET DIAGNOSTICS pads = ROW_COUNT;

    UPDATE pad_ws.pads AS begun
    SET deleted_at = '-infinity'
    WHERE
        begun.owner_id = purge_trash.owner_id
        AND begun.id = ANY(due)
        AND isfinite(begun.deleted_at);
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.purge_trash IS
'Removes a lot of what has been in a user''s trash for long enough; says how much.';
