-- The rows of each export, from the marts; what they are added up to is decided in pipelines/exports.

-- name: payroll
SELECT
    agent,
    report_date,
    day_hours,
    sessions,
    timezone('Europe/London', first_session_start_at) AS first_session_start_london,
    timezone('Europe/London', last_session_end_at) AS last_session_end_london,
    logged_in_ms,
    break_ms,
    do_not_disturb_ms,
    talk_ms,
    hold_ms,
    wrap_ms,
    idle_ms,
    is_split
FROM marts.agent_days
WHERE report_date BETWEEN $first AND $last
ORDER BY agent, report_date;

-- name: calls
SELECT
    report_date,
    call_id,
    started_london,
    started_at,
    ended_at,
    direction,
    outcome,
    caller_number,
    called_number,
    skill,
    agent,
    account_code,
    ring_ms,
    hold_ms,
    talk_ms,
    wrap_ms,
    call_ms
FROM marts.calls
WHERE report_date BETWEEN $first AND $last
ORDER BY report_date, started_at, call_id;

-- name: account_usage
SELECT account_code, report_date, calls, talk_ms
FROM marts.account_usage
WHERE report_date BETWEEN $first AND $last
ORDER BY account_code, report_date;

-- name: billing
SELECT
    calls.account_code,
    calls.report_date,
    calls.call_id,
    calls.started_london,
    calls.direction,
    calls.outcome,
    calls.called_number,
    phones.e164 AS called_e164,
    calls.ring_ms,
    calls.hold_ms,
    calls.talk_ms,
    calls.wrap_ms,
    calls.call_ms
FROM marts.calls AS calls
LEFT JOIN ops.phones AS phones ON calls.called_number = phones.written
WHERE calls.report_date BETWEEN $first AND $last
ORDER BY calls.account_code NULLS LAST, calls.started_at, calls.call_id;
