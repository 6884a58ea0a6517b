-- A session stands in the report of the London day it lies in, cut at midnight.

SELECT report_date, session_start_at, session_end_at
FROM xima.time_cards
WHERE
    session_start_at < timezone('Europe/London', CAST(report_date AS TIMESTAMP))
    OR session_end_at > timezone('Europe/London', CAST(report_date + 1 AS TIMESTAMP))
