-- The queries that `casehouse demo` shows with their answers. The comment above each query is its question.

-- name: open_cases
-- Which case types have most cases open, and how many of those are past their target date?
SELECT
    case_type,
    count(*) AS open_cases,
    count(*) FILTER (WHERE current_target_date <= (SELECT max(report_date) FROM marts.cases_current)) AS past_target
FROM marts.cases_current
WHERE is_open
GROUP BY case_type
ORDER BY open_cases DESC, case_type
LIMIT 8

-- name: letters_by_day
-- How many cases moved, and how many letters were sent, on each of the last seven days?
SELECT
    cases.report_date,
    dayname(cases.report_date) AS weekday,
    count(*) AS cases_with_activity,
    (SELECT count(*) FROM icasework.correspondence AS letters WHERE letters.report_date = cases.report_date)
        AS letters_sent
FROM icasework.cases AS cases
GROUP BY cases.report_date
ORDER BY cases.report_date DESC
LIMIT 7

-- name: calls_by_day
-- How many calls came in on each of the last seven days, how many callers gave up, and how long did they wait?
SELECT
    report_date,
    dayname(report_date) AS weekday,
    count(*) AS calls_in,
    count(*) FILTER (WHERE outcome = 'Abandoned') AS given_up,
    round(avg(ring_ms) / 1000, 1) AS average_wait_seconds
FROM xima.calls
WHERE direction = 'Inbound'
GROUP BY report_date
ORDER BY report_date DESC
LIMIT 7
