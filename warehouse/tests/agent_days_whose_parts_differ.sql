-- Break, do not disturb, talk, hold, wrap-up and idle make up the logged-in time. On days whose session was split
-- here each of the six may miss by a millisecond a part.

SELECT report_date, logged_in_ms
FROM marts.agent_days
WHERE
    abs(logged_in_ms - break_ms - do_not_disturb_ms - talk_ms - hold_ms - wrap_ms - idle_ms)
    > CASE WHEN is_split THEN 6 * (sessions + 1) ELSE 0 END
