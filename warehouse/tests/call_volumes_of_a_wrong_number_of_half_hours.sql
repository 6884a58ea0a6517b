-- A London day has 48 half hours, 46 when the clocks go forward and 50 when they go back, each of them once.

SELECT report_date, count(*) AS half_hours
FROM marts.call_volumes
GROUP BY report_date
HAVING
    count(*) * 1800 <> epoch(timezone('Europe/London', CAST(report_date + 1 AS TIMESTAMP)))
    - epoch(timezone('Europe/London', CAST(report_date AS TIMESTAMP)))
    OR count(*) <> count(DISTINCT half_hour_at)
