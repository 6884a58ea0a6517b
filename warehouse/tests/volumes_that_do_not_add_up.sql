-- On the last day the volumes' open and overdue are those of the cases, and received and closed count every case.
WITH told AS (
    SELECT
        coalesce(sum(received), 0) AS received,
        coalesce(sum(closed), 0) AS closed,
        coalesce(sum(open) FILTER (WHERE volume_date = last_date), 0) AS open,
        coalesce(sum(overdue) FILTER (WHERE volume_date = last_date), 0) AS overdue
    FROM marts.daily_volumes
    CROSS JOIN (SELECT max(report_date) AS last_date FROM ops.receipts WHERE feed = 'icasework/cases')
),
counted AS (
    SELECT
        count(*) AS received,
        count(closed_date) AS closed,
        count(*) FILTER (WHERE is_open) AS open,
        (
            SELECT count(*) FROM marts.case_targets WHERE target_status = 'breached' AND ended_date IS NULL
        ) AS overdue
    FROM marts.cases_current
    WHERE received_date IS NOT NULL
)
SELECT told, counted FROM told, counted WHERE told IS DISTINCT FROM counted
