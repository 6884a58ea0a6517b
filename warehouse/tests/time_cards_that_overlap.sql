-- An agent has one session at a time. What two of them share would be paid twice.

SELECT report_date, session_start_at, session_end_at
FROM xima.time_cards
QUALIFY
    session_start_at < max(session_end_at) OVER (
        PARTITION BY agent
        ORDER BY session_start_at, session_end_at, report_date
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
