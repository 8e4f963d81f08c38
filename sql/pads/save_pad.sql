-- Save a scene, as one transaction: write it if the pad is the caller's and at an accepted version,
-- raise the version, take a backup if one is due, prune. No row if nothing was written.
-- Index: pads_pkey; prune_backups: backups_source_id_created_at_idx, backups_pkey.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v scene="'{\"elements\": []}'" -v accepted_versions="'{(,)}'" \
--      -v backup_interval="'5 min'" -v keep=10 -f sql/pads/save_pad.sql
--
-- Saves of one pad queue for its row. All that depends on the one before is decided on the row
-- itself, which is read again after the wait: the version, and last_backup_at, whether a backup is
-- due. The clock is read then too, so updated_at never runs backwards. A newest backup from the
-- future (a clock that was set back) does not keep a new one from being taken, and a pad from the
-- future was made now at the latest.
-- A pad that pad.ws wrote has no last_backup_at yet: its backups tell.

WITH saved AS (
    UPDATE pad_ws.pads
    SET
        data = pad_ws.stamp_scene(:scene::jsonb, id, display_name),
        version = version + 1,
        (created_at, updated_at, last_backup_at) = (
            SELECT
                CASE WHEN pads.created_at > moment.at THEN moment.at ELSE pads.created_at END AS created_at,
                moment.at,
                CASE
                    WHEN
                        moment.newest_backup_at > moment.at - :backup_interval::interval
                        AND moment.newest_backup_at <= moment.at
                        THEN moment.newest_backup_at
                    ELSE moment.at
                END AS last_backup_at
            FROM (
                SELECT
                    clock_timestamp() AS at,
                    coalesce(
                        pads.last_backup_at,
                        (SELECT max(backups.created_at) FROM pad_ws.backups WHERE backups.source_id = pads.id)
                    ) AS newest_backup_at
            ) AS moment
        )
    WHERE
        id = :pad_id
        AND owner_id = :owner_id
        AND version <@ :accepted_versions::int8multirange
    RETURNING
        id,
        version,
        updated_at,
        CASE WHEN last_backup_at = updated_at THEN data END AS due_backup
),

backup AS (
    INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
    SELECT
        gen_random_uuid() AS id,
        saved.id AS source_id,
        saved.due_backup AS data,
        saved.updated_at AS created_at,
        saved.updated_at
    FROM saved
    WHERE saved.due_backup IS NOT NULL
    RETURNING source_id
)

SELECT
    saved.version,
    saved.updated_at,
    (SELECT pad_ws.prune_backups(backup.source_id, :keep::integer) FROM backup) AS pruned
FROM saved;
