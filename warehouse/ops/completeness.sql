-- Whether each feed has each day. A day with a file stays what its receipt says even when a later attempt
-- failed: the last good file stays.

-- name: create
CREATE TABLE ops.completeness (
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    status VARCHAR NOT NULL,
    rows_good BIGINT,
    rows_quarantined BIGINT,
    last_error VARCHAR,
    last_attempt_at TIMESTAMP WITH TIME ZONE,
    revised_at TIMESTAMP WITH TIME ZONE,
    held_back VARCHAR
);
COMMENT ON TABLE ops.completeness IS 'One row per feed and report day from the first day expected to the last: is it there?';
COMMENT ON COLUMN ops.completeness.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.completeness.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.completeness.status IS 'verified; quarantined: verified, but some rows broke the contract; unverified: loaded without every total that the source should tell; failed: no good file and the last attempt failed; missing: never tried.';
COMMENT ON COLUMN ops.completeness.rows_good IS 'Rows in the view; empty when the day is not loaded.';
COMMENT ON COLUMN ops.completeness.rows_quarantined IS 'Rows set aside; empty when the day is not loaded.';
COMMENT ON COLUMN ops.completeness.last_error IS 'What went wrong with the last attempt or the file; empty when nothing did.';
COMMENT ON COLUMN ops.completeness.last_attempt_at IS 'When the last attempt was made, known only when it failed.';
COMMENT ON COLUMN ops.completeness.revised_at IS 'When its rows last changed because it was asked for again; empty for a day that never did.';
COMMENT ON COLUMN ops.completeness.held_back IS 'Why the day stays as it was although the source last told fewer rows; empty unless it waits for somebody to take them, or for a fuller answer.';

-- name: fill
INSERT INTO ops.completeness BY NAME
SELECT
    feeds.feed,
    days.report_date,
    coalesce(receipts.status, CASE WHEN failures.feed IS NULL THEN 'missing' ELSE 'failed' END) AS status,
    receipts.rows_good,
    receipts.rows_quarantined,
    failures.message AS last_error,
    failures.attempted_at AS last_attempt_at,
    revised.revised_at,
    held.why AS held_back
FROM ops.feeds AS feeds
CROSS JOIN (
    SELECT CAST(unnest(generate_series($since, $until, INTERVAL 1 DAY)) AS DATE) AS report_date
) AS days
LEFT JOIN ops.receipts AS receipts USING (feed, report_date)
LEFT JOIN ops.failures AS failures USING (feed, report_date)
LEFT JOIN (
    SELECT feed, report_date, max(revised_at) AS revised_at
    FROM ops.revised_days
    WHERE NOT is_held_back
    GROUP BY feed, report_date
) AS revised USING (feed, report_date)
LEFT JOIN held_back_told AS held USING (feed, report_date)
ORDER BY feeds.feed, days.report_date;

-- name: by_status
SELECT status, count(*) FROM ops.completeness GROUP BY status ORDER BY status;
