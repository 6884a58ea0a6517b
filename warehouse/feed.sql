-- How one feed of the lake becomes a view. DDL takes no parameters, so each double-braced mark stands for a
-- quoted identifier, a quoted literal or a type name, made from the contract by pipelines/warehouse/statements.py.
--
-- The schema is told in full: a column that older files lack is null there, a column they have too much is left
-- out, and no file is opened until a query needs it. DuckDB refuses that together with Hive partitioning, so the
-- report date is cut from the file name, which ends in report_date=YYYY-MM-DD/part.parquet; a condition on
-- report_date prunes files all the same.

-- name: schema
CREATE SCHEMA IF NOT EXISTS {{schema}};

-- name: view
CREATE VIEW {{view}} AS
SELECT * EXCLUDE (casehouse_file), CAST(casehouse_file[-23:-14] AS DATE) AS report_date
FROM read_parquet(
    {{files}}, filename = 'casehouse_file', hive_partitioning = false, schema = MAP { {{fields}} }
);

-- name: field
{{name}}: {name: {{name}}, type: {{type}}, default_value: NULL}

-- name: empty_view
CREATE VIEW {{view}} AS
SELECT {{fields}}, CAST(NULL AS DATE) AS report_date
WHERE false;

-- name: empty_field
CAST(NULL AS {{type}}) AS {{name}}

-- name: comment_on_view
COMMENT ON VIEW {{view}} IS {{comment}};

-- name: comment_on_column
COMMENT ON COLUMN {{view}}.{{column}} IS {{comment}};
