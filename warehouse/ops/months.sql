-- The files that the feed views read: one a feed and month, made from the days' files, remade when one of these
-- changes.

-- name: create
CREATE TABLE ops.months (
    feed VARCHAR NOT NULL,
    month_date DATE NOT NULL,
    days BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    file VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    modified_ns BIGINT NOT NULL
);
COMMENT ON TABLE ops.months IS 'One row per feed and month that has days: the Parquet file that the view reads.';
COMMENT ON COLUMN ops.months.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.months.month_date IS 'First day of the month.';
COMMENT ON COLUMN ops.months.days IS 'Report days of the month that are in the file.';
COMMENT ON COLUMN ops.months.rows IS 'Rows in the file.';
COMMENT ON COLUMN ops.months.file IS 'Path of the file below the data directory; its name holds a digest of the days in it.';
COMMENT ON COLUMN ops.months.bytes IS 'Size of the file.';
COMMENT ON COLUMN ops.months.modified_ns IS 'When the newest of its days was written, in nanoseconds since 1970 UTC: the file''s own time.';

-- name: proved
SELECT file, bytes, modified_ns FROM previous.ops.months;

-- name: fill
INSERT INTO ops.months BY NAME FROM months_stored;

-- name: wanted
SELECT feed, report_date, seal, rows_good FROM ops.receipts ORDER BY feed, report_date;

-- name: stored
SELECT feed, month_date, file FROM ops.months ORDER BY ALL;
