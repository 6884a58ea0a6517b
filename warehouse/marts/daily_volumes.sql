-- One row per day, case type and team: cases received, closed and open, targets missed and overdue. Cases count
-- under the type and team that they have now, so that open changes by received less closed and by nothing else.
-- Days on which a type and team have nothing to tell are left out.
--
-- volume_date [public]: The day, up to the last report day of cases in the lake.
-- case_type = icasework.cases.case_type
-- team = icasework.cases.team
-- received [public]: Cases received on the day.
-- closed [public]: Cases closed on the day; a case that was opened again counts as not closed.
-- open [public]: Cases received and not closed by the end of the day.
-- breached [public]: Stages that were due on the day and not ended by its end.
-- overdue [public]: Stages past their due day and still not ended at the end of the day.
WITH told AS (
    SELECT max(report_date) AS as_of_date FROM ops.receipts WHERE feed = 'icasework/cases'
),
moves AS (
    SELECT
        case_type,
        team,
        unnest([
            {'moved_date': received_date, 'received': 1, 'closed': 0, 'breached': 0, 'settled': 0},
            {'moved_date': closed_date, 'received': 0, 'closed': 1, 'breached': 0, 'settled': 0}
        ], recursive := true)
    FROM marts.cases_current
    WHERE received_date IS NOT NULL
    UNION ALL BY NAME
    SELECT
        case_type,
        team,
        unnest([
            {'moved_date': due_date, 'received': 0, 'closed': 0, 'breached': 1, 'settled': 0},
            {'moved_date': ended_date, 'received': 0, 'closed': 0, 'breached': 0, 'settled': 1}
        ], recursive := true)
    FROM marts.case_targets
    WHERE target_status = 'breached'
),
days AS (
    SELECT
        case_type,
        team,
        moved_date,
        sum(received) AS received,
        sum(closed) AS closed,
        sum(breached) AS breached,
        sum(settled) AS settled
    FROM moves
    WHERE moved_date IS NOT NULL
    GROUP BY ALL
),
spans AS (
    SELECT
        case_type,
        team,
        unnest(generate_series(first_date, (SELECT as_of_date FROM told), INTERVAL 1 DAY)) AS volume_date
    FROM (SELECT case_type, team, min(moved_date) AS first_date FROM days GROUP BY ALL)
),
volumes AS (
    SELECT
        CAST(spans.volume_date AS DATE) AS volume_date,
        spans.case_type,
        spans.team,
        CAST(coalesce(days.received, 0) AS BIGINT) AS received,
        CAST(coalesce(days.closed, 0) AS BIGINT) AS closed,
        CAST(sum(coalesce(days.received, 0) - coalesce(days.closed, 0)) OVER held AS BIGINT) AS open,
        CAST(coalesce(days.breached, 0) AS BIGINT) AS breached,
        CAST(sum(coalesce(days.breached, 0) - coalesce(days.settled, 0)) OVER held AS BIGINT) AS overdue
    FROM spans
    LEFT JOIN days
        ON days.case_type = spans.case_type
        AND days.team IS NOT DISTINCT FROM spans.team
        AND days.moved_date = CAST(spans.volume_date AS DATE)
    WINDOW held AS (PARTITION BY spans.case_type, spans.team ORDER BY spans.volume_date)
)
SELECT volume_date, case_type, team, received, closed, open, breached, overdue
FROM volumes
WHERE received > 0 OR closed > 0 OR open <> 0 OR breached > 0 OR overdue <> 0;
