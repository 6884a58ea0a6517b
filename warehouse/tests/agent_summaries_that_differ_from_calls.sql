-- The agent summary counts the very calls that the call records list, on days that were wholly loaded in both. An
-- agent whom the summary was not asked for is not compared.

WITH whole AS (
    SELECT report_date
    FROM ops.receipts
    WHERE feed IN ('xima/calls', 'xima/agent_summary') AND status = 'verified'
    GROUP BY report_date
    HAVING count(*) = 2
),

counted AS (
    SELECT
        report_date,
        agent,
        count_if(direction = 'Inbound') AS inbound_calls,
        count_if(direction = 'Outbound') AS outbound_calls,
        count_if(direction = 'Internal') AS internal_calls,
        count(*) AS total_calls,
        sum(talk_ms) AS talk_ms
    FROM marts.calls
    WHERE agent IS NOT NULL
    GROUP BY ALL
)

SELECT
    report_date,
    summary.total_calls,
    counted.total_calls AS counted_calls,
    summary.talk_ms,
    counted.talk_ms AS counted_ms
FROM xima.agent_summary AS summary
INNER JOIN whole USING (report_date)
LEFT JOIN counted USING (report_date, agent)
WHERE
    summary.inbound_calls <> coalesce(counted.inbound_calls, 0)
    OR summary.outbound_calls <> coalesce(counted.outbound_calls, 0)
    OR summary.internal_calls <> coalesce(counted.internal_calls, 0)
    OR summary.total_calls <> coalesce(counted.total_calls, 0)
    OR summary.talk_ms <> coalesce(counted.talk_ms, 0)
