-- Days that were different when they were asked for again, from the records that stand beside the lake.

-- name: create
CREATE TABLE ops.revised_days (
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    revision VARCHAR NOT NULL,
    revised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    days_after INTEGER NOT NULL,
    rows_added BIGINT NOT NULL,
    rows_changed BIGINT NOT NULL,
    rows_gone BIGINT NOT NULL,
    rows_before BIGINT NOT NULL,
    rows_after BIGINT NOT NULL,
    is_held_back BOOLEAN NOT NULL,
    is_cut BOOLEAN NOT NULL,
    is_derived_again BOOLEAN NOT NULL,
    why VARCHAR
);
COMMENT ON TABLE ops.revised_days IS 'One row per time that a report day was different when it was asked for again. ops.revisions has the rows and cells.';
COMMENT ON COLUMN ops.revised_days.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.revised_days.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.revised_days.revision IS 'Name of the record, by which ops.revisions is joined.';
COMMENT ON COLUMN ops.revised_days.revised_at IS 'When it was asked for again.';
COMMENT ON COLUMN ops.revised_days.days_after IS 'Look-back that saw it: London days from the one after the report day to that of revised_at, 1 at least.';
COMMENT ON COLUMN ops.revised_days.rows_added IS 'Good rows that had not been there.';
COMMENT ON COLUMN ops.revised_days.rows_changed IS 'Good rows of the same key in which a cell differs.';
COMMENT ON COLUMN ops.revised_days.rows_gone IS 'Good rows that were there no more.';
COMMENT ON COLUMN ops.revised_days.rows_before IS 'Rows that the source had told, quarantined ones included.';
COMMENT ON COLUMN ops.revised_days.rows_after IS 'Rows that it told this time, quarantined ones included.';
COMMENT ON COLUMN ops.revised_days.is_held_back IS 'The day would have lost too much of what it had, so it stayed as it was; the counts say what would have changed.';
COMMENT ON COLUMN ops.revised_days.is_cut IS 'ops.revisions has some of the rows and cells only; the counts are whole.';
COMMENT ON COLUMN ops.revised_days.is_derived_again IS 'The source told nothing new: the same body was read by another contract or another version of the product.';
COMMENT ON COLUMN ops.revised_days.why IS 'The cause, as far as it is known.';

-- name: keep
-- A record stays what it is under its name.
INSERT INTO ops.revised_days BY NAME
FROM previous.ops.revised_days
SEMI JOIN revisions_found USING (feed, report_date, revision);

-- name: fill
INSERT INTO ops.revised_days BY NAME FROM revised_days_read;

-- name: unread
FROM revisions_found ANTI JOIN ops.revised_days USING (feed, report_date, revision);
