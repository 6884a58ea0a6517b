-- How the answers of warehouse/card/ become rows of cards. A query there may name what is made here in schema card
-- and nothing of schema made. A double-braced mark stands for an identifier, a quoted literal or a query that was
-- judged by pipelines/warehouse/guarded.py.

-- name: own
CREATE SCHEMA card;
CREATE SCHEMA made;

-- name: classified
-- The columns that may be shown anywhere, by view; what no contract or header classifies is not among them.
SELECT replace(feed, '/', '.') AS view_name, list(column_name ORDER BY position) AS columns
FROM casehouse.ops.columns
WHERE privacy <> 'special'
GROUP BY view_name
ORDER BY view_name

-- name: special
SELECT DISTINCT column_name FROM casehouse.ops.columns WHERE privacy = 'special'

-- name: tables_of_ops
SELECT table_name FROM duckdb_tables() WHERE database_name = 'casehouse' AND schema_name = 'ops' ORDER BY table_name

-- name: schema
CREATE SCHEMA IF NOT EXISTS {{schema}};

-- name: view
CREATE VIEW {{view}} AS SELECT {{columns}} FROM casehouse.{{view}};

-- name: as_of
SELECT max(report_date) AS as_of_date FROM ops.receipts WHERE feed = 'icasework/cases'

-- name: known_by
-- The last day of each feed; of one that was never loaded there is none.
SELECT feeds.feed, max(receipts.report_date) AS last_date
FROM ops.feeds AS feeds
LEFT JOIN ops.receipts AS receipts ON feeds.feed = receipts.feed
GROUP BY feeds.feed

-- name: customers
SELECT DISTINCT customer_id FROM marts.cases_current WHERE customer_id IS NOT NULL ORDER BY customer_id

-- name: numbers
CREATE TABLE card.numbers AS SELECT e164, customer_id FROM numbers_found;

-- name: answer
CREATE TABLE {{table}} AS
{{query}};

-- name: kept
FROM {{table}}

-- name: members
CREATE TABLE made.members AS SELECT card, customer, customer_id FROM members_found;

-- name: documents
-- A customer's number is compared as text: as a whole number, 007 and 7 would be one customer.
CREATE TABLE {{table}} AS
SELECT members.card, members.customer, asked.* EXCLUDE (customer_id)
FROM (
{{query}}
) AS asked
INNER JOIN made.members AS members ON members.customer_id = CAST(asked.customer_id AS VARCHAR)
ORDER BY members.card, asked.position, asked.document_number DESC;

-- name: documents_of_households
-- What two customers of a household both show, such as a call from their common number, is shown once.
CREATE TABLE {{table}} AS
SELECT card, min(customer) AS customer, * EXCLUDE (card, customer, position), min(position) AS position
FROM (
    SELECT members.card, members.customer, asked.* EXCLUDE (customer_id)
    FROM (
{{query}}
    ) AS asked
    INNER JOIN made.members AS members ON members.customer_id = CAST(asked.customer_id AS VARCHAR)
)
GROUP BY ALL
ORDER BY card, position, document_number DESC;

-- name: shown
CREATE OR REPLACE VIEW card.documents AS SELECT DISTINCT document_number FROM {{table}};

-- name: parts
CREATE TABLE {{table}} AS
SELECT documents.card, documents.rowid AS document, asked.* EXCLUDE (document_number)
FROM (
{{query}}
) AS asked
INNER JOIN {{documents}} AS documents ON documents.document_number = CAST(asked.document_number AS VARCHAR)
ORDER BY documents.rowid, asked.position;

-- name: counts
SELECT count(*) AS documents, count(DISTINCT card) AS cards FROM {{table}}

-- name: columns
SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'made' AND table_name = $table

-- name: days_beyond_calendars
SELECT count(*) FROM {{table}} WHERE {{column}} NOT BETWEEN '0001-01-02' AND '9999-12-30'

-- name: faults_of_documents
-- Each counts what would make a card that no reader can take for one.
SELECT 'have no number' AS fault, count(*) AS found
FROM {{table}}
WHERE document_number IS NULL OR trim(document_number) = ''
UNION ALL
SELECT 'have no instant', count(*) FROM {{table}} WHERE document_at IS NULL
UNION ALL
SELECT 'stand twice on one card', count(*)
FROM (SELECT card, document_number FROM {{table}} GROUP BY ALL HAVING count(*) > 1)

-- name: fault_of_colours
SELECT 'have a colour that is none of NORMAL, GREEN, ORANGE, RED' AS fault, count(*) AS found
FROM {{table}}
WHERE colour NOT IN ('NORMAL', 'GREEN', 'ORANGE', 'RED')

-- name: fault_beside_others
SELECT 'have the number of a document in another section of the card' AS fault, count(*) AS found
FROM {{table}} AS documents
INNER JOIN {{other}} AS others
    ON others.card = documents.card AND others.document_number = documents.document_number

-- name: fault_of_parts
-- Lines and history are found by a document's number alone: it must not stand for two customers' documents.
SELECT 'have the number of another customer''s document' AS fault, count(*) AS found
FROM (SELECT document_number FROM {{table}} GROUP BY ALL HAVING count(DISTINCT customer) > 1)

-- name: fault_of_lines
SELECT 'have no name' AS fault, count(*) AS found
FROM {{table}}
WHERE line_name IS NULL OR trim(line_name) = ''

-- name: documents_between
SELECT rowid AS document, * FROM {{table}} WHERE card BETWEEN $first AND $last

-- name: parts_between
FROM {{table}} WHERE card BETWEEN $first AND $last
