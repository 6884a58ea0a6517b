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

-- name: months
SELECT
    feeds.feed,
    CAST(date_trunc('month', days.report_date) AS DATE) AS month,
    days.status,
    count(*) AS days
FROM ops.feeds AS feeds
JOIN ops.completeness AS days USING (feed)
WHERE days.report_date <= $day
GROUP BY ALL
ORDER BY ALL

-- name: first_cases_day
-- A case that has been silent since before this day is not known, so it is not among the open ones.
SELECT min(report_date) FROM ops.receipts WHERE feed = 'icasework/cases' AND report_date <= $day

-- name: case_days
-- Open are the cases that had come in by the end of a day and had not been closed by then. As in
-- marts.daily_volumes, but by what the cases were when $day ended, so that a report can be made again later.
SELECT
    days.report_date,
    days.status,
    count(*) FILTER (cases.received_date = days.report_date) AS received,
    count(*) FILTER (cases.closed_date = days.report_date) AS closed,
    count(*) FILTER (
        cases.received_date <= days.report_date
        AND (cases.closed_date IS NULL OR cases.closed_date > days.report_date)
    ) AS still_open
FROM ops.completeness AS days
LEFT JOIN (
    SELECT received_date, closed_date
    FROM marts.case_history
    WHERE valid_from <= $day AND (valid_to IS NULL OR valid_to > $day)
) AS cases ON cases.received_date <= days.report_date OR cases.closed_date = days.report_date
WHERE days.feed = 'icasework/cases' AND days.report_date BETWEEN $month_first AND $day
GROUP BY days.report_date, days.status
ORDER BY days.report_date

-- name: backlog
-- What was due on the day and is still open when it ends has missed its target. A case without a target date has
-- been answered and waits to be closed.
SELECT
    case_type,
    count(*) FILTER (current_target_date <= $day) AS overdue,
    count(*) FILTER (current_target_date > $day AND current_target_date <= $day + 7) AS due_soon,
    count(*) FILTER (current_target_date > $day + 7) AS due_later,
    count(*) FILTER (current_target_date IS NULL) AS no_target
FROM marts.case_history
WHERE valid_from <= $day AND (valid_to IS NULL OR valid_to > $day) AND closed_date IS NULL
GROUP BY case_type
ORDER BY count(*) DESC, case_type

-- name: call_days
SELECT
    days.report_date,
    days.status,
    CAST(coalesce(sum(calls.offered_calls), 0) AS BIGINT) AS calls_in,
    CAST(coalesce(sum(calls.abandoned_calls), 0) AS BIGINT) AS abandoned,
    CAST(coalesce(sum(calls.answered_in_20s_calls), 0) AS BIGINT) AS answered_in_time
FROM ops.completeness AS days
LEFT JOIN marts.call_volumes AS calls USING (report_date)
WHERE days.feed = 'xima/calls' AND days.report_date BETWEEN $month_first AND $day
GROUP BY days.report_date, days.status
ORDER BY days.report_date

-- name: half_hours
-- By the clock on the wall: where it strikes one twice in a night, both hours are counted together.
SELECT
    hour(half_hour_london) * 2 + minute(half_hour_london) // 30 AS half_hour,
    CAST(sum(offered_calls) AS BIGINT) AS calls_in,
    CAST(sum(answered_calls) AS BIGINT) AS answered,
    CAST(sum(abandoned_calls) AS BIGINT) AS abandoned,
    CAST(sum(answered_in_20s_calls) AS BIGINT) AS answered_in_time
FROM marts.call_volumes
WHERE report_date = $day AND offered_calls > 0
GROUP BY half_hour
ORDER BY half_hour
