-- Which cases show which telephone number, in international form, and on which days a call from it may be about them.
-- Made anew with every catalogue, as all that joins calls to cases (see docs/decisions/0008): marts.contacts reads
-- a day of calls, and must not read all cases and calls for it.

-- name: create
CREATE TABLE ops.case_numbers (
    e164 VARCHAR NOT NULL,
    case_id BIGINT NOT NULL,
    case_type VARCHAR NOT NULL,
    customer_id VARCHAR,
    received_date DATE,
    closed_date DATE,
    last_date DATE,
    customers_with_number BIGINT NOT NULL
);
COMMENT ON TABLE ops.case_numbers IS 'One row per number and case that shows it now, as phone or as mobile. Personal data.';
COMMENT ON COLUMN ops.case_numbers.e164 IS 'The number in international form. Privacy: personal.';
COMMENT ON COLUMN ops.case_numbers.case_id IS 'The case''s number in iCasework.';
COMMENT ON COLUMN ops.case_numbers.case_type IS 'Kind of case, such as Complaint.';
COMMENT ON COLUMN ops.case_numbers.customer_id IS 'The customer''s reference. Privacy: personal.';
COMMENT ON COLUMN ops.case_numbers.received_date IS 'First London day on which a call may be about the case: the day it was received, or else recorded.';
COMMENT ON COLUMN ops.case_numbers.closed_date IS 'Day the case was closed; empty while it is open.';
COMMENT ON COLUMN ops.case_numbers.last_date IS 'Last London day on which a call may be about the case; empty while it is open.';
COMMENT ON COLUMN ops.case_numbers.customers_with_number IS 'Customers whose cases show this number; a case that names no customer counts as one of its own.';

-- name: fill
INSERT INTO ops.case_numbers BY NAME
WITH shown AS (
    SELECT
        case_id,
        case_type,
        customer_id,
        coalesce(received_date, CAST(timezone('Europe/London', created_at) AS DATE)) AS received_date,
        closed_date,
        unnest([customer_phone, customer_mobile]) AS written
    FROM marts.cases_current
),

numbers AS (
    SELECT DISTINCT phones.e164, shown.* EXCLUDE (written)
    FROM shown
    INNER JOIN ops.phones AS phones USING (written)
    WHERE phones.e164 IS NOT NULL
),

owners AS (
    SELECT e164, count(DISTINCT coalesce(customer_id, 'case ' || case_id)) AS customers_with_number
    FROM numbers
    GROUP BY e164
)

SELECT
    numbers.*,
    numbers.closed_date + (SELECT contact_window_days FROM ops.settings) AS last_date,
    owners.customers_with_number
FROM numbers
INNER JOIN owners USING (e164)
ORDER BY numbers.e164, numbers.case_id;
