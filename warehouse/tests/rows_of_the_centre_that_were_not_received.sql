-- The views of the contact centre hold, for each day of each feed, exactly the rows that the day's receipt counts.
WITH seen AS (
    SELECT 'xima/calls' AS feed, report_date, count(*) AS rows FROM xima.calls GROUP BY ALL
    UNION ALL
    SELECT 'xima/agent_summary', report_date, count(*) FROM xima.agent_summary GROUP BY ALL
    UNION ALL
    SELECT 'xima/time_cards', report_date, count(*) FROM xima.time_cards GROUP BY ALL
    UNION ALL
    SELECT 'xima/account_usage', report_date, count(*) FROM xima.account_usage GROUP BY ALL
)
SELECT feed, report_date, coalesce(seen.rows, 0) AS rows_seen, coalesce(receipts.rows_good, 0) AS rows_received
FROM seen
FULL JOIN (FROM ops.receipts WHERE feed LIKE 'xima/%') AS receipts USING (feed, report_date)
WHERE rows_seen <> rows_received
