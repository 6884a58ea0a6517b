-- What the marts of a wholly loaded day add up to is what the source told of it: exports are held to these sums.

WITH whole AS (
    SELECT feed, report_date FROM ops.receipts WHERE status = 'verified'
),

told AS (
    SELECT feed, report_date, title, value FROM ops.controls
),

found AS (
    SELECT 'xima/calls' AS feed, report_date, title, sum(value) AS value
    FROM (
        SELECT
            report_date,
            unnest(['Total Ringing', 'Total Hold', 'Total Talking', 'Total Wrap Up', 'Total Call Duration']) AS title,
            unnest([ring_ms, hold_ms, talk_ms, wrap_ms, call_ms]) AS value
        FROM marts.calls
    )
    GROUP BY ALL
    UNION ALL
    SELECT 'xima/time_cards' AS feed, report_date, 'Total Logged In' AS title, sum(logged_in_ms) AS value
    FROM marts.agent_days
    GROUP BY ALL
    UNION ALL
    SELECT 'xima/account_usage' AS feed, report_date, 'Total Talking' AS title, sum(talk_ms) AS value
    FROM marts.account_usage
    GROUP BY ALL
)

SELECT feed, report_date, title, told.value AS told_value, coalesce(found.value, 0) AS found_value
FROM told
INNER JOIN whole USING (feed, report_date)
LEFT JOIN found USING (feed, report_date, title)
WHERE
    feed IN ('xima/calls', 'xima/time_cards', 'xima/account_usage')
    AND (feed <> 'xima/time_cards' OR title = 'Total Logged In')
    AND (feed <> 'xima/account_usage' OR title = 'Total Talking')
    AND told.value <> coalesce(found.value, 0)
