-- Section Calls: the calls of the last 90 days from and to numbers that are the customer's alone, at most twenty,
-- the latest first. Orange: the customer rang and nobody answered. "Call" stands before the number because a case may
-- have the same one; a call that the centre's reports tell twice is shown once.
WITH told AS (
    SELECT report_date, call_id, customer_e164, is_repeat_contact
    FROM marts.contacts
    WHERE is_first_of_call AND report_date > $as_of_date - 90
),

shown AS (
    SELECT
        numbers.customer_id,
        told.is_repeat_contact,
        calls.*
    FROM marts.calls AS calls
    INNER JOIN told ON calls.report_date = told.report_date AND calls.call_id = told.call_id
    INNER JOIN card.numbers AS numbers ON told.customer_e164 = numbers.e164
    WHERE calls.report_date > $as_of_date - 90
    QUALIFY row_number() OVER (
        PARTITION BY numbers.customer_id, calls.call_id ORDER BY calls.report_date DESC, calls.started_at DESC
    ) = 1
)

SELECT
    customer_id,
    'Call ' || call_id AS document_number,
    started_at AS document_at,
    CASE
        WHEN direction = 'Outbound' AND NOT is_answered THEN 'Nobody picked up'
        WHEN outcome = 'Abandoned' THEN 'Missed: the caller gave up'
        WHEN NOT is_answered THEN 'Missed'
        WHEN outcome = 'Transferred' THEN 'Answered and transferred'
        ELSE 'Answered'
    END AS status,
    CASE WHEN direction = 'Inbound' AND NOT is_answered THEN 'ORANGE' ELSE 'NORMAL' END AS colour,
    CASE direction WHEN 'Inbound' THEN 'Call from the customer' ELSE 'Call to the customer' END AS direction,
    skill,
    regexp_replace(agent, '\(\d+\)$', '') AS agent,
    CASE WHEN direction = 'Inbound' THEN ring_seconds END AS ring_seconds,
    CASE WHEN is_answered THEN talk_seconds END AS talk_seconds,
    CASE WHEN is_repeat_contact THEN true END AS is_repeat_contact,
    -epoch_ms(started_at) AS position
FROM shown
QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY position, call_id DESC) <= 20
