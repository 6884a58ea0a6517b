-- Every try of every call to a vendor, from the record that the calls themselves leave.

-- name: create
CREATE TABLE ops.calls (
    called_at TIMESTAMP WITH TIME ZONE NOT NULL,
    source VARCHAR NOT NULL,
    feed VARCHAR,
    report_date DATE,
    attempt INTEGER NOT NULL,
    method VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    status INTEGER,
    vendor_code VARCHAR,
    bytes BIGINT NOT NULL,
    seconds DOUBLE NOT NULL,
    outcome VARCHAR NOT NULL,
    failed BOOLEAN NOT NULL,
    made_good BOOLEAN
);
COMMENT ON TABLE ops.calls IS 'One row per try of a call to a vendor, as it stood at the last rebuild; `casehouse calls` tells it as it stands now. Kept for CASEHOUSE_CALLS_DAYS.';
COMMENT ON COLUMN ops.calls.called_at IS 'When the try began.';
COMMENT ON COLUMN ops.calls.source IS 'The vendor''s system: icasework, xima or tascomi.';
COMMENT ON COLUMN ops.calls.feed IS 'The feed that was being loaded; empty for a call that serves any, such as for a token, or that no feed asked for.';
COMMENT ON COLUMN ops.calls.report_date IS 'The report day that was being loaded.';
COMMENT ON COLUMN ops.calls.attempt IS 'Number of the try, from 1. A call with a fresh token or signature, or in another round of its run, begins at 1 again.';
COMMENT ON COLUMN ops.calls.method IS 'HTTP method.';
COMMENT ON COLUMN ops.calls.what IS 'The call''s own name; a source''s bare name is a knock at its door, for its clock.';
COMMENT ON COLUMN ops.calls.status IS 'HTTP status; empty when none came.';
COMMENT ON COLUMN ops.calls.vendor_code IS 'The vendor''s own code of an error, such as 19002 invalid_grant; empty where it gave none.';
COMMENT ON COLUMN ops.calls.bytes IS 'Bytes of the answer''s body that came, as they were sent.';
COMMENT ON COLUMN ops.calls.seconds IS 'Seconds from sending to the last byte, waits before the try left out.';
COMMENT ON COLUMN ops.calls.outcome IS 'ok (a good status and the whole body; what the body says is judged later), not finished (the vendor wants it asked again), failed (429 or a server error), refused (any other status), unreachable, timed out, no answer, cut short, unreadable, not sent, not kept (our disk would not have it) or given up (the run was ended).';
COMMENT ON COLUMN ops.calls.failed IS 'Whether the outcome is neither ok nor not finished.';
COMMENT ON COLUMN ops.calls.made_good IS 'Of a try that failed, whether a later call for the same thing succeeded.';

-- name: fill
INSERT INTO ops.calls BY NAME SELECT * RENAME ("at" AS called_at) FROM calls_made;
