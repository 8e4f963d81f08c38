-- What the schema pad_ws consists of, one line for each thing; the same on every version of
-- PostgreSQL. Try it: psql -f tests/helpers/catalogue.sql

SELECT line FROM (
    SELECT format(
        'column %s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' not null' END,
        ' default ' || pg_get_expr(d.adbin, d.adrelid)
    ) AS line
    FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = to_regnamespace('pad_ws') AND c.relkind IN ('r', 'v', 'm', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format(
        'constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid)
    )
    FROM pg_constraint
    WHERE connamespace = to_regnamespace('pad_ws')
    AND contype <> 'n' -- PostgreSQL 18 lists NOT NULL here as well
    UNION ALL
    SELECT format(
        'index %s%s', pg_get_indexdef(indexrelid), CASE WHEN NOT indisvalid THEN ' INVALID' END
    )
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = to_regnamespace('pad_ws')
    UNION ALL
    SELECT pg_get_functiondef(oid)
    FROM pg_proc
    WHERE pronamespace = to_regnamespace('pad_ws')
    UNION ALL
    SELECT format('trigger %s', pg_get_triggerdef(t.oid))
    FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE c.relnamespace = to_regnamespace('pad_ws') AND NOT t.tgisinternal
    UNION ALL
    SELECT format('comment on %s.%s: %s', c.relname, a.attname, d.description)
    FROM pg_description AS d
    JOIN pg_class AS c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0
    WHERE c.relnamespace = to_regnamespace('pad_ws')
) AS lines
ORDER BY line COLLATE "C";
