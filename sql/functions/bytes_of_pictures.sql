-- How many bytes the pictures of a drawing take written out, each as often as it is shown: `pictures` maps
-- its files to digests. Only those that are stored compressed are opened for it.
-- Index: pictures_pkey.

CREATE OR REPLACE FUNCTION pad_ws.bytes_of_pictures(owner_id uuid, pictures jsonb)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT
            coalesce(sum(shown.times * CASE
                WHEN pg_column_compression(kept.content) IS NULL THEN pg_column_size(kept.content)
                ELSE octet_length(kept.content::text)
            END), 0)
        FROM (
            SELECT decode(file.value, 'hex') AS digest, count(*) AS times
            FROM jsonb_each_text(bytes_of_pictures.pictures) AS file
            GROUP BY file.value
        ) AS shown
        INNER JOIN pad_ws.pictures AS kept
            ON kept.owner_id = bytes_of_pictures.owner_id AND kept.digest = shown.digest
    );
END
$$;

COMMENT ON FUNCTION pad_ws.bytes_of_pictures IS
'How many bytes the pictures of a drawing take written out, each as often as it is shown.';
