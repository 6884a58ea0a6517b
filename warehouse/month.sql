-- How the days of one month become one file (see docs/decisions/0008). Every file of a feed has today's columns,
-- typed: a column that an older day lacks is null, one it has too much is left out. `report_row` is the place of
-- a row in its day's file; `casehouse_digest` stands for all of a row's cells and never leaves this room.
--
-- The files are links whose names end in report_date=YYYY-MM-DD.parquet. DuckDB refuses Hive partitioning
-- together with a schema, so the date is cut from the name.

-- name: rows
SELECT
    {{columns}},
    CAST(casehouse_file[-18:-9] AS DATE) AS report_date,
    CAST(file_row_number + 1 AS INTEGER) AS report_row,
    hash({{columns}}) AS casehouse_digest
FROM read_parquet(
    {{files}},
    filename = 'casehouse_file',
    file_row_number = true,
    hive_partitioning = false,
    schema = MAP { {{fields}} }
)

-- name: field
{{name}}: {name: {{name}}, type: {{type}}, default_value: NULL}

-- name: write
COPY ({{rows}}) TO {{target}} (
    FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 10240, KV_METADATA { {{key}}: {{proof}} }
);

-- name: written
-- What a file that was just written holds, day by day: its rows, their places, and how many of them still are, cell
-- for cell, what was read from the day's file.
SELECT
    report_date,
    count(*),
    count(DISTINCT report_row),
    max(report_row),
    count(*) FILTER (WHERE hash({{columns}}) = casehouse_digest)
FROM read_parquet({{files}}, hive_partitioning = false)
GROUP BY report_date
ORDER BY report_date

-- name: try
SELECT count(*) FROM ({{rows}}) WHERE casehouse_digest IS NULL;
