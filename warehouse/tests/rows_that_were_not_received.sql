-- The views of casework hold, for each day of each feed, exactly the rows that the day's receipt counts.
WITH seen AS (
    SELECT 'icasework/cases' AS feed, report_date, count(*) AS rows FROM icasework.cases GROUP BY ALL
    UNION ALL
    SELECT 'icasework/correspondence', report_date, count(*) FROM icasework.correspondence GROUP BY ALL
    UNION ALL
    SELECT 'icasework/tasks', report_date, count(*) FROM icasework.tasks GROUP BY ALL
    UNION ALL
    SELECT 'icasework/classifications', report_date, count(*) FROM icasework.classifications GROUP BY ALL
    UNION ALL
    SELECT 'icasework/redress', report_date, count(*) FROM icasework.redress GROUP BY ALL
    UNION ALL
    SELECT 'icasework/corrective_actions', report_date, count(*) FROM icasework.corrective_actions GROUP BY ALL
)
SELECT feed, report_date, coalesce(seen.rows, 0) AS rows_seen, coalesce(receipts.rows_good, 0) AS rows_received
FROM seen
FULL JOIN (FROM ops.receipts WHERE feed LIKE 'icasework/%') AS receipts USING (feed, report_date)
WHERE rows_seen <> rows_received
