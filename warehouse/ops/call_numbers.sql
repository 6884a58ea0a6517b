-- The other party's number of each call with the world outside, and when it rang before: what a call needs to know
-- of all other calls.

-- name: create
CREATE TABLE ops.call_numbers (
    report_date DATE NOT NULL,
    report_row INTEGER NOT NULL,
    e164 VARCHAR NOT NULL,
    call_date DATE NOT NULL,
    previous_call_at TIMESTAMP WITH TIME ZONE,
    customers_with_number BIGINT NOT NULL
);
COMMENT ON TABLE ops.call_numbers IS 'One row per inbound or outbound call whose other party''s number can be read. Personal data.';
COMMENT ON COLUMN ops.call_numbers.report_date IS 'London day of the report that tells the call.';
COMMENT ON COLUMN ops.call_numbers.report_row IS 'Place of the row in that day''s file, from 1.';
COMMENT ON COLUMN ops.call_numbers.e164 IS 'The number in international form: who called, or who was called. Privacy: personal.';
COMMENT ON COLUMN ops.call_numbers.call_date IS 'London day on which the call began.';
COMMENT ON COLUMN ops.call_numbers.previous_call_at IS 'When this number last rang the council before; empty when never.';
COMMENT ON COLUMN ops.call_numbers.customers_with_number IS 'Customers whose cases show this number, at whatever time.';

-- name: fill
INSERT INTO ops.call_numbers BY NAME
WITH dialled AS (
    SELECT
        calls.report_date,
        calls.report_row,
        phones.e164,
        calls.direction,
        calls.started_at,
        CAST(timezone('Europe/London', calls.started_at) AS DATE) AS call_date
    FROM xima.calls AS calls
    INNER JOIN ops.phones AS phones
        ON phones.written = CASE calls.direction WHEN 'Inbound' THEN calls.caller_number ELSE calls.called_number END
    WHERE calls.direction <> 'Internal' AND phones.e164 IS NOT NULL
),

owners AS (
    SELECT DISTINCT e164, customers_with_number FROM ops.case_numbers
)

SELECT
    dialled.report_date,
    dialled.report_row,
    dialled.e164,
    dialled.call_date,
    earlier.started_at AS previous_call_at,
    coalesce(owners.customers_with_number, 0) AS customers_with_number
FROM dialled
ASOF LEFT JOIN (SELECT e164, started_at FROM dialled WHERE direction = 'Inbound') AS earlier
    ON dialled.e164 = earlier.e164 AND dialled.started_at > earlier.started_at
LEFT JOIN owners ON dialled.e164 = owners.e164
ORDER BY dialled.report_date, dialled.report_row;
