-- What the one-page daily report asks: counts of one day and of the weeks before it, as known at the end of that
-- day. Parameters: $day, the report day; $month_first and $quarter_first, the first days of the spans shown.
-- Days that are not loaded have a status and no figures, never a nought that nobody counted.

-- name: catalogue
SELECT since, until FROM ops.catalogue

-- name: origins
-- Which systems answered, in words of the receipts.
SELECT DISTINCT split_part(feed, '/', 1) AS source, origin
FROM ops.receipts
WHERE report_date <= $day
ORDER BY ALL

-- name: completeness
SELECT feeds.feed, days.report_date, days.status
FROM ops.feeds AS feeds
JOIN ops.completeness AS days USING (feed)
WHERE days.report_date BETWEEN $quarter_first AND $day
ORDER BY feeds.feed, days.report_date

-- name: first_cases_day
-- A case that has been silent since before this day is not known, so it is not among the open ones.
SELECT min(report_date) FROM ops.receipts WHERE feed = 'icasework/cases' AND report_date <= $day

-- name: case_days
-- Open are the cases that had come in by the end of a day and had not been closed by then.
WITH latest AS (
    SELECT received_date, closed_date
    FROM icasework.cases
    WHERE report_date <= $day
    QUALIFY row_number() OVER (PARTITION BY case_id ORDER BY report_date DESC) = 1
)
SELECT
    days.report_date,
    days.status,
    count(*) FILTER (latest.received_date = days.report_date) AS received,
    count(*) FILTER (latest.closed_date = days.report_date) AS closed,
    count(*) FILTER (
        latest.received_date <= days.report_date
        AND (latest.closed_date IS NULL OR latest.closed_date > days.report_date)
    ) AS still_open
FROM ops.completeness AS days
LEFT JOIN latest ON latest.received_date <= days.report_date OR latest.closed_date = days.report_date
WHERE days.feed = 'icasework/cases' AND days.report_date BETWEEN $month_first AND $day
GROUP BY days.report_date, days.status
ORDER BY days.report_date

-- name: backlog
-- A case without a target date has been answered and waits to be closed.
WITH latest AS (
    SELECT case_type, closed_date, current_target_date
    FROM icasework.cases
    WHERE report_date <= $day
    QUALIFY row_number() OVER (PARTITION BY case_id ORDER BY report_date DESC) = 1
)
SELECT
    case_type,
    count(*) FILTER (current_target_date < $day) AS overdue,
    count(*) FILTER (current_target_date BETWEEN $day AND $day + 7) AS due_soon,
    count(*) FILTER (current_target_date > $day + 7) AS due_later,
    count(*) FILTER (current_target_date IS NULL) AS no_target
FROM latest
WHERE closed_date IS NULL
GROUP BY case_type
ORDER BY count(*) DESC, case_type

-- name: call_days
-- Inbound calls; a call that was transferred has been answered first.
SELECT
    days.report_date,
    days.status,
    count(calls.call_id) AS calls_in,
    count(*) FILTER (calls.outcome = 'Abandoned') AS abandoned,
    count(*) FILTER (calls.outcome <> 'Abandoned' AND calls.ring_ms <= 20000) AS answered_in_time
FROM ops.completeness AS days
LEFT JOIN xima.calls AS calls ON calls.report_date = days.report_date AND calls.direction = 'Inbound'
WHERE days.feed = 'xima/calls' AND days.report_date BETWEEN $month_first AND $day
GROUP BY days.report_date, days.status
ORDER BY days.report_date

-- name: half_hours
-- By the clock on the wall: where it strikes one twice in a night, both hours are counted together.
SELECT
    hour(started_at) * 2 + minute(started_at) // 30 AS half_hour,
    count(*) AS calls_in,
    count(*) FILTER (outcome = 'Abandoned') AS abandoned,
    count(*) FILTER (outcome <> 'Abandoned' AND ring_ms <= 20000) AS answered_in_time
FROM xima.calls
WHERE report_date = $day AND direction = 'Inbound'
GROUP BY half_hour
ORDER BY half_hour
