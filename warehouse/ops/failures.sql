-- Days whose last attempt failed, from the lake's record of attempts, and files that cannot be read.

-- name: create
CREATE TABLE ops.failures (
    feed VARCHAR NOT NULL,
    report_date DATE NOT NULL,
    kind VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE
);
COMMENT ON TABLE ops.failures IS 'One row per feed and report day whose last attempt failed or whose file cannot be read.';
COMMENT ON COLUMN ops.failures.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.failures.report_date IS 'London day of the report.';
COMMENT ON COLUMN ops.failures.kind IS 'Kind of failure, such as transient, permanent, drift, unverified or damaged.';
COMMENT ON COLUMN ops.failures.message IS 'What happened, why, and what to do.';
COMMENT ON COLUMN ops.failures.attempted_at IS 'When that attempt was made; empty for a damaged file that no attempt followed.';

-- name: fill
INSERT INTO ops.failures BY NAME FROM failures_noted;
