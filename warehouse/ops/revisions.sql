-- What changed in days that were different when they were asked for again, row by row and cell by cell.

-- name: create
CREATE TABLE ops.revisions (
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    revision VARCHAR NOT NULL,
    revised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind VARCHAR NOT NULL,
    key VARCHAR,
    column_name VARCHAR,
    old VARCHAR,
    new VARCHAR,
    is_withheld BOOLEAN NOT NULL,
    is_held_back BOOLEAN NOT NULL
);
COMMENT ON TABLE ops.revisions IS 'One row per row that was added or is gone, and per cell that changed, when a report day was asked for again: CASEHOUSE_REVISION_LINES of each time at most. ops.revised_days counts them all.';
COMMENT ON COLUMN ops.revisions.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.revisions.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.revisions.revision IS 'Name of the record, by which ops.revised_days is joined.';
COMMENT ON COLUMN ops.revisions.revised_at IS 'When it was asked for again.';
COMMENT ON COLUMN ops.revisions.kind IS 'added or gone: a row; changed: a cell.';
COMMENT ON COLUMN ops.revisions.key IS 'The row, by the public columns that tell rows of a day apart, such as case_id=53342; empty where all of them are personal or there are none.';
COMMENT ON COLUMN ops.revisions.column_name IS 'The column of a changed cell.';
COMMENT ON COLUMN ops.revisions.old IS 'The cell as it was, as text; empty for an empty cell, and for one that is not public.';
COMMENT ON COLUMN ops.revisions.new IS 'The cell as it was told this time, likewise.';
COMMENT ON COLUMN ops.revisions.is_withheld IS 'The cell is personal: it is told that it differs, and nothing of what it holds, no digest either, from which it could be guessed.';
COMMENT ON COLUMN ops.revisions.is_held_back IS 'It did not come to pass: the day would have lost too much and stayed as it was.';

-- name: keep
-- A record stays what it is under its name.
INSERT INTO ops.revisions BY NAME
FROM previous.ops.revisions
SEMI JOIN revisions_found USING (feed, report_date, revision);

-- name: fill
INSERT INTO ops.revisions BY NAME FROM revisions_read;
