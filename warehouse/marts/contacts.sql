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

-- What a call must know of all other calls, and which cases show which number, stands in tables of ops that the
-- build makes: a condition on report_date reads only that day's calls.
WITH met AS (
    SELECT
        calls.*,
        numbers.e164 AS customer_e164,
        numbers.previous_call_at,
        numbers.customers_with_number,
        CAST(timezone('Europe/London', calls.started_at) AS DATE) AS call_date,
        cases.case_id,
        cases.case_type,
        cases.customer_id,
        cases.closed_date
    FROM xima.calls AS calls
    LEFT JOIN ops.call_numbers AS numbers
        ON calls.report_date = numbers.report_date AND calls.report_row = numbers.report_row
    LEFT JOIN ops.case_numbers AS cases
        ON
            numbers.e164 = cases.e164
            AND cases.received_date <= numbers.call_date
            AND (cases.last_date IS NULL OR cases.last_date >= numbers.call_date)
    WHERE calls.direction <> 'Internal'
)

SELECT
    met.report_date,
    met.call_id,
    met.started_at,
    timezone('Europe/London', met.started_at) AS started_london,
    met.direction,
    met.outcome,
    met.skill,
    met.account_code,
    met.customer_e164,
    coalesce(met.customers_with_number, 0) AS customers_with_number,
    coalesce(met.customers_with_number > 1, false) AS is_ambiguous,
    met.previous_call_at,
    coalesce(
        met.direction = 'Inbound'
        AND CAST(timezone('Europe/London', met.previous_call_at) AS DATE)
        + (SELECT contact_window_days FROM ops.settings) >= met.call_date,
        false
    ) AS is_repeat_contact,
    met.case_id,
    met.case_type,
    met.customer_id,
    CASE WHEN met.case_id IS NOT NULL THEN met.closed_date IS NULL OR met.closed_date > met.call_date END
        AS is_case_open,
    CASE WHEN met.case_id IS NOT NULL THEN coalesce(counted.case_calls, 0) END AS case_calls,
    count(met.case_id) OVER (PARTITION BY met.report_date, met.call_id) AS call_cases,
    row_number() OVER (PARTITION BY met.report_date, met.call_id ORDER BY met.case_id) = 1 AS is_first_of_call
FROM met
LEFT JOIN ops.case_calls AS counted ON met.case_id = counted.case_id
