-- A call ends after it began, and none of its times is below nothing.

SELECT report_date, call_id
FROM marts.calls
WHERE ended_at < started_at OR least(ring_ms, hold_ms, talk_ms, wrap_ms, call_ms) < 0
