-- The account code summary counts the very calls that the call records list, on days that were wholly loaded in both.

WITH whole AS (
    SELECT report_date
    FROM ops.receipts
    WHERE feed IN ('xima/calls', 'xima/account_usage') AND status = 'verified'
    GROUP BY report_date
    HAVING count(*) = 2
),

counted AS (
    SELECT report_date, account_code, count(*) AS calls, sum(talk_ms) AS talk_ms
    FROM marts.calls
    WHERE account_code IS NOT NULL
    GROUP BY ALL
)

SELECT
    report_date,
    account_code,
    used.calls,
    counted.calls AS counted_calls,
    used.talk_ms,
    counted.talk_ms AS counted_ms
FROM marts.account_usage AS used
FULL JOIN counted USING (report_date, account_code)
INNER JOIN whole USING (report_date)
WHERE used.calls IS DISTINCT FROM counted.calls OR used.talk_ms IS DISTINCT FROM counted.talk_ms
