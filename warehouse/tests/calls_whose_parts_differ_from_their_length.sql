-- Ringing, hold and talk make up a call's length. A customer is charged by the parts.

SELECT report_date, call_id, call_ms, ring_ms + hold_ms + talk_ms AS parts_ms
FROM marts.calls
WHERE call_ms <> ring_ms + hold_ms + talk_ms
