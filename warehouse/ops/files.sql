-- The files whose receipts and reasons this catalogue holds. The next rebuild reads again only what differs, so
-- a file that could not be read is not listed and is tried again every time.

-- name: create
CREATE TABLE ops.files (
    kind VARCHAR NOT NULL,
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    bytes BIGINT NOT NULL,
    modified_ns BIGINT NOT NULL
);
COMMENT ON TABLE ops.files IS 'One row per file of the lake that was read when this catalogue was built.';
COMMENT ON COLUMN ops.files.kind IS 'data: the good rows of a day. quarantine: its rows that broke the contract.';
COMMENT ON COLUMN ops.files.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.files.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.files.bytes IS 'Size of the file.';
COMMENT ON COLUMN ops.files.modified_ns IS 'When the file was written, in nanoseconds since 1970 UTC.';

-- name: keep
INSERT INTO ops.files
FROM files_found SEMI JOIN previous.ops.files USING (kind, feed, report_date, bytes, modified_ns);

-- name: changed
SELECT kind, feed, report_date, bytes, modified_ns
FROM files_found ANTI JOIN ops.files USING (kind, feed, report_date)
ORDER BY ALL;

-- name: fill
INSERT INTO ops.files BY NAME FROM files_read;

-- name: forget
DELETE FROM ops.files WHERE kind = 'data' AND feed = $feed AND report_date = $day;

-- name: loaded
SELECT feed, report_date FROM ops.receipts ORDER BY ALL;
