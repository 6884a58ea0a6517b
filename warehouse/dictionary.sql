-- What the data dictionary asks of a catalogue: every table and view of every schema, and every column of each.

-- name: views
SELECT schema_name, table_name AS view_name, comment AS meaning
FROM duckdb_tables()
WHERE database_name = 'casehouse'
UNION ALL BY NAME
SELECT schema_name, view_name, comment AS meaning
FROM duckdb_views()
WHERE database_name = 'casehouse' AND NOT internal
ORDER BY schema_name, view_name

-- name: columns
-- What a table of ops has not said in ops.columns stands in its comment; the class, too, where it is not public.
SELECT
    real.schema_name,
    real.table_name AS view_name,
    real.column_name,
    real.data_type,
    coalesce(told.description, regexp_replace(real.comment, ' Privacy: \w+\.$', ''), '') AS meaning,
    coalesce(told.privacy, nullif(regexp_extract(real.comment, ' Privacy: (\w+)\.$', 1), ''), 'public') AS privacy,
    told.wire_name AS source_field,
    coalesce(told.is_required, false) AS is_required
FROM duckdb_columns() AS real
LEFT JOIN ops.columns AS told
    ON told.feed = real.schema_name || '/' || real.table_name AND told.column_name = real.column_name
WHERE real.database_name = 'casehouse' AND NOT real.internal
ORDER BY real.schema_name, real.table_name, real.column_index

-- name: examples
SELECT * FROM {{view}} ORDER BY ALL LIMIT 500
