-- What ingest proved of each day, taken from the metadata of the day's own Parquet file.

-- name: create
CREATE TABLE ops.receipts (
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    status VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    window_from VARCHAR NOT NULL,
    window_until VARCHAR NOT NULL,
    source_total BIGINT,
    rows_good BIGINT NOT NULL,
    rows_quarantined BIGINT NOT NULL,
    body_format VARCHAR NOT NULL,
    body_sha256 VARCHAR NOT NULL,
    body_bytes BIGINT NOT NULL,
    contract VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    seal VARCHAR NOT NULL
);
COMMENT ON TABLE ops.receipts IS 'One row per feed and report day in the lake: the proof that the day is complete.';
COMMENT ON COLUMN ops.receipts.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.receipts.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.receipts.status IS 'verified; quarantined: verified, but some rows broke the contract; unverified: the source did not tell every total it should.';
COMMENT ON COLUMN ops.receipts.origin IS 'Which system answered: environment and account, such as uat council; sandbox days are invented.';
COMMENT ON COLUMN ops.receipts.window_from IS 'First moment asked for, in the source''s own writing.';
COMMENT ON COLUMN ops.receipts.window_until IS 'Last moment asked for, in the source''s own writing.';
COMMENT ON COLUMN ops.receipts.source_total IS 'Rows the source says it sent; empty when it says nothing. The sums it tells are in ops.controls.';
COMMENT ON COLUMN ops.receipts.rows_good IS 'Rows that keep the contract: those in the view.';
COMMENT ON COLUMN ops.receipts.rows_quarantined IS 'Rows that broke the contract and were set aside; see ops.quarantine.';
COMMENT ON COLUMN ops.receipts.body_format IS 'Format of the answer: csv, xml or json.';
COMMENT ON COLUMN ops.receipts.body_sha256 IS 'SHA-256 of the answer as received.';
COMMENT ON COLUMN ops.receipts.body_bytes IS 'Size of the answer as received.';
COMMENT ON COLUMN ops.receipts.contract IS 'Fingerprint of the contract the day was loaded under; ops.feeds has today''s.';
COMMENT ON COLUMN ops.receipts.version IS 'Version of Casehouse that loaded the day.';
COMMENT ON COLUMN ops.receipts.seal IS 'SHA-256 of the file with this field zeroed; casehouse verify proves it.';

-- name: keep
INSERT INTO ops.receipts BY NAME
FROM previous.ops.receipts
SEMI JOIN (FROM ops.files WHERE kind = 'data') AS kept USING (feed, report_date);

-- name: fill
INSERT INTO ops.receipts BY NAME FROM receipts_read;

-- name: forget
DELETE FROM ops.receipts WHERE feed = $feed AND report_date = $day;
