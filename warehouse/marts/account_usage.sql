-- One row per account code and London day: its calls and the time talking on them, as Xima's own report has it.
--
-- report_date = xima.account_usage.report_date
-- account_code = xima.account_usage.account_code
-- calls = xima.account_usage.calls
-- talk_ms = xima.account_usage.talk_ms
-- talk_seconds [public]: Time talking on them, in seconds.
-- talk_hours [public]: Time talking on them, in hours.
-- average_talk_seconds [public]: Average time talking on a call, in seconds; empty without one.

SELECT
    report_date,
    account_code,
    calls,
    talk_ms,
    CAST(talk_ms / 1000 AS DECIMAL(18, 3)) AS talk_seconds,
    CAST(talk_ms / 3600000 AS DECIMAL(18, 6)) AS talk_hours,
    CAST(talk_ms / nullif(calls, 0) / 1000 AS DECIMAL(18, 3)) AS average_talk_seconds
FROM xima.account_usage
