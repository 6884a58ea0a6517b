-- Nobody is logged in for longer than the day has hours, which are 23 or 25 when the clocks change.

SELECT report_date, logged_in_ms, day_hours
FROM marts.agent_days
WHERE logged_in_ms > day_hours * 3600000
