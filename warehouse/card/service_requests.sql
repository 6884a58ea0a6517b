-- Section Service requests: what Tascomi knows of the customer, the open ones first, at most twenty. A request of a
-- confidential case is not shown: it would tell what the case is about.
SELECT
    requests.customer_id,
    coalesce(requests.complaint_number, 'Request ' || requests.complaint_id) AS document_number,
    coalesce(requests.received_at, requests.last_updated_at) AS document_at,
    requests.status,
    'NORMAL' AS colour,
    requests.last_updated_at AS status_at,
    CASE WHEN requests.case_id IS NULL THEN 'Raised in Tascomi' ELSE requests.case_type END AS raised_from,
    CAST(requests.case_id AS VARCHAR) AS case_number,
    CAST(timezone('Europe/London', requests.closed_at) AS DATE) AS closed_date,
    row_number() OVER (
        PARTITION BY requests.customer_id
        ORDER BY requests.is_open DESC, requests.last_updated_at DESC, requests.complaint_id DESC
    ) AS position
FROM marts.service_requests AS requests
LEFT JOIN marts.cases_current AS cases ON requests.case_id = cases.case_id
WHERE requests.customer_id IS NOT NULL AND cases.is_confidential IS NOT TRUE
QUALIFY position <= 20
