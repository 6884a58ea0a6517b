-- The sums that a source tells of its own answer and that the rows were held to, taken from the day's receipt.

-- name: create
CREATE TABLE ops.controls (
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    title VARCHAR NOT NULL,
    value BIGINT
);
COMMENT ON TABLE ops.controls IS 'One row per feed, report day and column sum that the source is to tell. Each told one was equal to the sum over every row, quarantined ones included. ops.receipts has the row count.';
COMMENT ON COLUMN ops.controls.feed IS 'Key of the feed, such as xima/calls.';
COMMENT ON COLUMN ops.controls.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.controls.title IS 'The source''s title of the sum, such as Total Talking.';
COMMENT ON COLUMN ops.controls.value IS 'The sum as told, in the unit of its column; empty when the source did not tell it, which makes the day unverified.';

-- name: keep
INSERT INTO ops.controls BY NAME
FROM previous.ops.controls
SEMI JOIN (FROM ops.files WHERE kind = 'data') AS kept USING (feed, report_date);

-- name: fill
INSERT INTO ops.controls BY NAME FROM controls_read;

-- name: forget
DELETE FROM ops.controls WHERE feed = $feed AND report_date = $day;
