-- Calls from and to customers beside the cases they may be about: one row per call and case, and one without a
-- case for a call that meets none. A call meets the cases that show its number, had been received by that day, and
-- were open or closed at most so many days before as ops.settings.contact_window_days says; numbers are compared in
-- their international form (ops.phones). A withheld number meets nothing. Several customers may have one number:
-- then every case of each is listed, and is_ambiguous says so. Count calls where is_first_of_call.
--
-- report_date = xima.calls.report_date
-- call_id = xima.calls.call_id
-- started_at = xima.calls.started_at
-- started_london [public]: When the call began by London's clocks.
-- direction = xima.calls.direction: Inbound or Outbound; internal calls are no contacts.
-- outcome = xima.calls.outcome
-- skill = xima.calls.skill
-- account_code = xima.calls.account_code
-- customer_e164 [personal]: The customer's number in international form; empty when withheld or unreadable.
-- customers_with_number [public]: Customers whose cases show this number, at whatever time; a case that names no
--   customer counts as one of its own.
-- is_ambiguous [public]: More than one customer has this number, so which of them rang is not known.
-- previous_call_at [public]: When this number last rang the council before; empty when never, or withheld.
-- is_repeat_contact [public]: This number rang within the window before this inbound call; never so when withheld.
-- case_id = marts.cases_current.case_id: A case that the call may be about; empty when it meets none.
-- case_type = marts.cases_current.case_type
-- customer_id = marts.cases_current.customer_id: The customer of that case.
-- is_case_open [public]: The case was open on the call's day.
-- case_calls [public]: Calls that meet this case and no other customer's, over all days: calls per case.
-- call_cases [public]: Cases that this call meets; 0 on the row without a case.
-- is_first_of_call [public]: True on exactly one row of each call: the one to count calls by.

-- Every call's number, narrowly: what a whole day's row needs to know of all other calls. The calls that are shown
-- are read by themselves below, so that a condition on report_date reads only that day's.
WITH dialled AS (
    SELECT
        phones.e164,
        calls.started_at,
        calls.direction,
        CAST(timezone('Europe/London', calls.started_at) AS DATE) AS call_date
    FROM xima.calls AS calls
    INNER JOIN ops.phones AS phones
        ON phones.written = CASE calls.direction WHEN 'Inbound' THEN calls.caller_number ELSE calls.called_number END
    WHERE calls.direction <> 'Internal' AND phones.e164 IS NOT NULL
),

shown AS (
    SELECT case_id, customer_phone AS written FROM marts.cases_current
    UNION ALL
    SELECT case_id, customer_mobile AS written FROM marts.cases_current
),

reachable AS (
    SELECT DISTINCT
        phones.e164,
        cases.case_id,
        cases.case_type,
        cases.customer_id,
        coalesce(cases.customer_id, 'case ' || cases.case_id) AS person,
        coalesce(cases.received_date, CAST(timezone('Europe/London', cases.created_at) AS DATE))
            AS received_date,
        cases.closed_date,
        cases.closed_date + (SELECT contact_window_days FROM ops.settings) AS last_date
    FROM shown
    INNER JOIN ops.phones AS phones USING (written)
    INNER JOIN marts.cases_current AS cases USING (case_id)
    WHERE phones.e164 IS NOT NULL
),

owners AS (
    SELECT e164, count(DISTINCT person) AS customers_with_number
    FROM reachable
    GROUP BY e164
),

counted AS (
    SELECT reachable.case_id, count(*) AS case_calls
    FROM dialled
    INNER JOIN owners ON dialled.e164 = owners.e164 AND owners.customers_with_number = 1
    INNER JOIN reachable
        ON
            dialled.e164 = reachable.e164
            AND reachable.received_date <= dialled.call_date
            AND (reachable.last_date IS NULL OR reachable.last_date >= dialled.call_date)
    GROUP BY reachable.case_id
),

rung AS (
    SELECT
        calls.*,
        phones.e164 AS customer_e164,
        CAST(timezone('Europe/London', calls.started_at) AS DATE) AS call_date
    FROM xima.calls AS calls
    LEFT JOIN ops.phones AS phones
        ON phones.written = CASE calls.direction WHEN 'Inbound' THEN calls.caller_number ELSE calls.called_number END
    WHERE calls.direction <> 'Internal'
),

met AS (
    SELECT
        rung.*,
        earlier.started_at AS previous_call_at,
        coalesce(owners.customers_with_number, 0) AS customers_with_number,
        coalesce(owners.customers_with_number > 1, false) AS is_ambiguous,
        reachable.case_id,
        reachable.case_type,
        reachable.customer_id,
        reachable.closed_date
    FROM rung
    ASOF LEFT JOIN (SELECT e164, started_at FROM dialled WHERE direction = 'Inbound') AS earlier
        ON rung.customer_e164 = earlier.e164 AND rung.started_at > earlier.started_at
    LEFT JOIN owners ON rung.customer_e164 = owners.e164
    LEFT JOIN reachable
        ON
            rung.customer_e164 = reachable.e164
            AND reachable.received_date <= rung.call_date
            AND (reachable.last_date IS NULL OR reachable.last_date >= rung.call_date)
)

SELECT
    report_date,
    call_id,
    started_at,
    timezone('Europe/London', started_at) AS started_london,
    direction,
    outcome,
    skill,
    account_code,
    customer_e164,
    customers_with_number,
    is_ambiguous,
    previous_call_at,
    coalesce(
        direction = 'Inbound'
        AND CAST(timezone('Europe/London', previous_call_at) AS DATE)
        + (SELECT contact_window_days FROM ops.settings) >= call_date,
        false
    ) AS is_repeat_contact,
    met.case_id,
    case_type,
    customer_id,
    CASE WHEN met.case_id IS NOT NULL THEN closed_date IS NULL OR closed_date > call_date END AS is_case_open,
    CASE WHEN met.case_id IS NOT NULL THEN coalesce(counted.case_calls, 0) END AS case_calls,
    count(met.case_id) OVER (PARTITION BY report_date, call_id) AS call_cases,
    row_number() OVER (PARTITION BY report_date, call_id ORDER BY met.case_id) = 1 AS is_first_of_call
FROM met
LEFT JOIN counted ON met.case_id = counted.case_id
