-- How one feed of the lake becomes a view. DDL takes no parameters, so each double-braced mark stands for a
-- quoted identifier, a quoted literal or a type name, made from the contract by pipelines/warehouse/statements.py.
--
-- The files are named one by one, so that no query has to list a folder: one a month, made by month.sql, each with
-- exactly these columns. A condition on report_date reads only the row groups of those days.

-- name: schema
CREATE SCHEMA IF NOT EXISTS {{schema}};

-- name: view
CREATE VIEW {{view}} AS
SELECT {{columns}} FROM read_parquet({{files}}, hive_partitioning = false);

-- name: empty_view
CREATE VIEW {{view}} AS
SELECT {{fields}}
WHERE false;

-- name: empty_field
CAST(NULL AS {{type}}) AS {{name}}

-- name: comment_on_view
COMMENT ON VIEW {{view}} IS {{comment}};

-- name: comment_on_column
COMMENT ON COLUMN {{view}}.{{column}} IS {{comment}};
