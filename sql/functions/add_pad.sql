-- Adds a pad's row, and what it refers to. Its pictures must be there: see add_pictures.
-- Constraints: pads_data_is_scene; the owner must exist, and not be a user who is being deleted
-- (pads_owner_id_fkey).
-- Index: users_deleted_idx, users_pkey, which the foreign key asks; where there are pictures, keep_pictures.

CREATE OR REPLACE FUNCTION pad_ws.add_pad(
    owner_id uuid,
    pad_id uuid,
    display_name text,
    scene jsonb,
    pictures jsonb,
    last_backup_at timestamptz
)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pad_ws.users AS users
        WHERE
            users.id = add_pad.owner_id
            AND users.deleted_at IS NOT NULL
    ) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'The owner is being deleted (pads_owner_id_fkey)',
            CONSTRAINT = 'pads_owner_id_fkey';
    END IF;

    INSERT INTO pad_ws.pads (
        id, owner_id, display_name, data, pictures, version, created_at, updated_at, last_backup_at,
        saved_at, arrived_at
    )
    VALUES (
        add_pad.pad_id,
        add_pad.owner_id,
        add_pad.display_name,
        pad_ws.stamp_scene(scene, add_pad.pad_id, add_pad.display_name),
        add_pad.pictures,
        1,
        now(),
        now(),
        add_pad.last_backup_at,
        now(),
        now()
    );
    IF pictures IS NOT NULL THEN
        PERFORM pad_ws.keep_pictures(owner_id, pad_id, pictures);
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.add_pad IS
'Adds a pad whose pictures are there.';
