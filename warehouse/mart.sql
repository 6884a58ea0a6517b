-- How a mart becomes a view, and how a test is asked. Their queries stand in warehouse/marts/ and warehouse/tests/,
-- one a file.

-- name: schema
CREATE SCHEMA IF NOT EXISTS marts;

-- name: view
CREATE VIEW {{view}} AS
{{query}};

-- name: count
SELECT count(*) FROM ({{query}});
