-- One row per service request of Tascomi: its latest state, the case it was raised from and whose it is. A case is
-- known by the request's number, which is its external id; of a request without a case the requester's reference names
-- the customer, where casework knows it. Requests that were given up are in no row.
--
-- complaint_id = tascomi.complaints.complaint_id
-- complaint_number = tascomi.complaints.complaint_number
-- status = tascomi.complaints.status
-- is_open [public]: It has no closing day.
-- received_at = tascomi.complaints.received_at
-- closed_at = tascomi.complaints.closed_at
-- last_updated_at = tascomi.complaints.last_updated_at
-- is_antisocial = tascomi.complaints.is_antisocial
-- case_id = icasework.cases.case_id: The case it was raised from; empty for one that was raised in Tascomi.
-- case_type = icasework.cases.case_type
-- customer_id = icasework.cases.customer_id: The customer of that case; of a request without one the requester.
-- report_date [public]: Report day of the row that tells of it.
WITH raised AS (
    SELECT
        external_id,
        max(case_id) AS case_id
    FROM marts.cases_current
    WHERE external_id IS NOT NULL
    GROUP BY external_id
    HAVING count(*) = 1 -- an external id of several cases says of none that it is this one
),

requesters AS (
    SELECT contacts.contact_id, customers.customer_id
    FROM tascomi.contacts AS contacts
    INNER JOIN ops.latest_tascomi_contacts AS latest
        ON
            contacts.contact_id = latest.contact_id
            AND contacts.report_date = latest.report_date
            AND contacts.report_row = latest.report_row
    INNER JOIN (SELECT DISTINCT customer_id FROM marts.cases_current WHERE customer_id IS NOT NULL) AS customers
        ON contacts.contact_reference = customers.customer_id
)

SELECT
    complaints.complaint_id,
    complaints.complaint_number,
    complaints.status,
    complaints.closed_at IS NULL AS is_open,
    complaints.received_at,
    complaints.closed_at,
    complaints.last_updated_at,
    complaints.is_antisocial,
    cases.case_id,
    cases.case_type,
    CASE WHEN cases.case_id IS NULL THEN requesters.customer_id ELSE cases.customer_id END AS customer_id,
    complaints.report_date
FROM tascomi.complaints AS complaints
INNER JOIN ops.latest_tascomi_complaints AS latest
    ON
        complaints.complaint_id = latest.complaint_id
        AND complaints.report_date = latest.report_date
        AND complaints.report_row = latest.report_row
LEFT JOIN raised ON complaints.complaint_number = raised.external_id
LEFT JOIN marts.cases_current AS cases ON raised.case_id = cases.case_id
LEFT JOIN requesters ON complaints.requester_id = requesters.contact_id
WHERE complaints.is_ceased IS NOT TRUE;
