-- Which row of a feed tells the latest state of each thing, and which row each change of it. Both are made anew
-- with every catalogue: over ten years of a thousand rows a day that takes about a second a feed, and what is made
-- from scratch cannot differ from what is there (docs/decisions/0008).

-- name: latest
CREATE TABLE {{table}} AS
WITH newest AS (
    SELECT {{keys}}, max(CAST(report_date - DATE '1970-01-01' AS BIGINT) * 4294967296 + report_row) AS place
    FROM {{view}}
    GROUP BY ALL
)
SELECT
    {{keys}},
    DATE '1970-01-01' + CAST(place // 4294967296 AS INTEGER) AS report_date,
    CAST(place % 4294967296 AS INTEGER) AS report_row
FROM newest
ORDER BY place;

-- name: versions
CREATE TABLE {{table}} AS
WITH told AS (
    SELECT
        {{keys}},
        report_date,
        report_row,
        casehouse_digest IS DISTINCT FROM lag(casehouse_digest) OVER thing AS is_change
    FROM {{rows}}
    WINDOW thing AS (PARTITION BY {{keys}} ORDER BY report_date, report_row)
)
SELECT
    {{keys}},
    report_date,
    report_row,
    CAST(row_number() OVER thing AS INTEGER) AS version_number,
    lead(report_date) OVER thing AS valid_to
FROM told
WHERE is_change
WINDOW thing AS (PARTITION BY {{keys}} ORDER BY report_date, report_row)
ORDER BY report_date, report_row;

-- name: rows
read_parquet({{files}}, hive_partitioning = false)

-- name: no_rows
(SELECT *, CAST(0 AS UBIGINT) AS casehouse_digest FROM {{view}})

-- name: comment_on_table
COMMENT ON TABLE {{table}} IS {{comment}};
