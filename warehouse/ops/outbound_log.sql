-- What became of each step of the cases that are raised in Tascomi, from the ledger of the dispatcher.

-- name: create
CREATE TABLE ops.outbound_log (
    logged_at TIMESTAMP WITH TIME ZONE NOT NULL,
    case_id BIGINT NOT NULL,
    step_number BIGINT NOT NULL,
    step VARCHAR NOT NULL,
    attempt INTEGER NOT NULL,
    outcome VARCHAR NOT NULL,
    field VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE ops.outbound_log IS 'One row per thing that happened to a step of a case on its way to Tascomi and back, as it stood at the last rebuild; `casehouse outbound log` tells it as it stands now. Kept for CASEHOUSE_OUTBOUND_LOG_DAYS once the step is done.';
COMMENT ON COLUMN ops.outbound_log.logged_at IS 'When it happened.';
COMMENT ON COLUMN ops.outbound_log.case_id IS 'The case''s number in iCasework.';
COMMENT ON COLUMN ops.outbound_log.step_number IS 'Number of the step, as `casehouse outbound retry` takes it.';
COMMENT ON COLUMN ops.outbound_log.step IS 'contact, second contact, service request, external id, note, update or status note.';
COMMENT ON COLUMN ops.outbound_log.attempt IS 'How often it had been tried.';
COMMENT ON COLUMN ops.outbound_log.outcome IS 'planned, sending, unknown, sent, linked, refused or dead.';
COMMENT ON COLUMN ops.outbound_log.field IS 'The field that was judged wrong.';
COMMENT ON COLUMN ops.outbound_log.reason IS 'Why, in words that hold no value of the case.';

-- name: fill
INSERT INTO ops.outbound_log BY NAME FROM outbound_told;
