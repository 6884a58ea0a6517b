-- How many calls each case has.

-- name: create
CREATE TABLE ops.case_calls (
    case_id BIGINT NOT NULL,
    case_calls BIGINT NOT NULL
);
COMMENT ON TABLE ops.case_calls IS 'One row per case that a call meets which can be about no other customer.';
COMMENT ON COLUMN ops.case_calls.case_id IS 'The case''s number in iCasework.';
COMMENT ON COLUMN ops.case_calls.case_calls IS 'Calls that meet this case and no other customer''s, over all days.';

-- name: fill
INSERT INTO ops.case_calls BY NAME
SELECT cases.case_id, count(*) AS case_calls
FROM ops.call_numbers AS calls
INNER JOIN ops.case_numbers AS cases
    ON
        calls.e164 = cases.e164
        AND cases.received_date <= calls.call_date
        AND (cases.last_date IS NULL OR cases.last_date >= calls.call_date)
WHERE calls.customers_with_number = 1
GROUP BY cases.case_id
ORDER BY cases.case_id;
