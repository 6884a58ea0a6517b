-- Section Calls: the calls of the last 90 days from and to numbers that are the customer's alone, at most twenty,
-- the latest first. Orange: the customer rang and nobody answered.
WITH told AS (
    SELECT report_date, call_id, customer_e164, is_repeat_contact
    FROM marts.contacts
    WHERE is_first_of_call AND report_date > $as_of_date - 90
)

SELECT
    numbers.customer_id,
    calls.call_id AS document_number,
    calls.started_at AS document_at,
    CASE
        WHEN calls.direction = 'Outbound' AND NOT calls.is_answered THEN 'Nobody picked up'
        WHEN NOT calls.is_answered THEN 'Missed: the caller gave up'
        WHEN calls.outcome = 'Transferred' THEN 'Answered and transferred'
        ELSE 'Answered'
    END AS status,
    CASE WHEN calls.direction = 'Inbound' AND NOT calls.is_answered THEN 'ORANGE' ELSE 'NORMAL' END AS colour,
    CASE calls.direction WHEN 'Inbound' THEN 'Call from the customer' ELSE 'Call to the customer' END AS direction,
    calls.skill,
    regexp_replace(calls.agent, '\(\d+\)$', '') AS agent,
    CASE WHEN calls.direction = 'Inbound' THEN calls.ring_seconds END AS ring_seconds,
    CASE WHEN calls.is_answered THEN calls.talk_seconds END AS talk_seconds,
    CASE WHEN told.is_repeat_contact THEN true END AS is_repeat_contact,
    row_number() OVER (
        PARTITION BY numbers.customer_id ORDER BY calls.started_at DESC, calls.call_id DESC
    ) AS position
FROM marts.calls AS calls
INNER JOIN told ON calls.report_date = told.report_date AND calls.call_id = told.call_id
INNER JOIN card.numbers AS numbers ON told.customer_e164 = numbers.e164
WHERE calls.report_date > $as_of_date - 90
QUALIFY position <= 20
