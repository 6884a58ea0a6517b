-- A session ends after it began, and no part of it is below nothing.

SELECT report_date, session_start_at, session_end_at
FROM xima.time_cards
WHERE
    session_end_at < session_start_at
    OR least(logged_in_ms, break_ms, do_not_disturb_ms, talk_ms, hold_ms, wrap_ms, idle_ms) < 0
