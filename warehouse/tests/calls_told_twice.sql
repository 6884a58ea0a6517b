-- A call stands in one report, once: a call that was told twice would be charged twice.

SELECT call_id, count(*) AS times
FROM marts.calls
GROUP BY call_id
HAVING count(*) > 1
