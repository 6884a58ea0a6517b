-- Why rows were set aside. The values themselves stay in the quarantine files, which analysts need not be able
-- to read; nothing here is taken from a cell.

-- name: create
CREATE TABLE ops.quarantine (
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    row_number BIGINT NOT NULL,
    column_name VARCHAR NOT NULL,
    wire_name VARCHAR NOT NULL,
    check_name VARCHAR NOT NULL
);
COMMENT ON TABLE ops.quarantine IS 'One row per broken check of every row that was set aside; no values.';
COMMENT ON COLUMN ops.quarantine.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.quarantine.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.quarantine.row_number IS 'Place of the row in the source''s answer, from 1, without the header.';
COMMENT ON COLUMN ops.quarantine.column_name IS 'Warehouse name of the column that broke the contract.';
COMMENT ON COLUMN ops.quarantine.wire_name IS 'The source''s name of that column.';
COMMENT ON COLUMN ops.quarantine.check_name IS 'The check that it broke.';

-- name: keep
INSERT INTO ops.quarantine
FROM previous.ops.quarantine
SEMI JOIN (FROM ops.files WHERE kind = 'quarantine') AS kept USING (feed, report_date);

-- name: fill
INSERT INTO ops.quarantine BY NAME FROM quarantine_read;
