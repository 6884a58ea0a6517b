-- One row per agent and London day: how long the agent was logged in, and what became of that time. The feed cuts
-- sessions at midnight already; one that is not cut is split here by real time, and counted once though two days'
-- reports show it. A day has 23, 24 or 25 hours, and an agent logged in throughout has as many.
--
-- report_date [public]: London day.
-- agent = xima.time_cards.agent
-- sessions [public]: Sessions of the day; one that is split here is counted on its first day.
-- is_split [public]: A session was split here. Its logged-in time is exact to the millisecond; the other times
--   are shared out in proportion and may miss its sum by a few milliseconds.
-- first_session_start_at [public]: When the agent logged in first, or the day began.
-- last_session_end_at [public]: When the agent logged out last, or the day ended.
-- day_hours [public]: Length of the day in hours: 23 and 25 when the clocks change, else 24.
-- logged_in_ms [public]: Length of the sessions, in milliseconds.
-- break_ms [public]: Time on break, in milliseconds.
-- do_not_disturb_ms [public]: Time set to do not disturb, in milliseconds.
-- talk_ms [public]: Time talking, in milliseconds.
-- hold_ms [public]: Time with a caller on hold, in milliseconds.
-- wrap_ms [public]: Work on calls after they ended, in milliseconds.
-- idle_ms [public]: Time waiting for a call, ringing included, in milliseconds.
-- logged_in_hours [public]: Length of the sessions, in hours.
-- break_hours [public]: Time on break, in hours.
-- do_not_disturb_hours [public]: Time set to do not disturb, in hours.
-- talk_hours [public]: Time talking, in hours.
-- hold_hours [public]: Time with a caller on hold, in hours.
-- wrap_hours [public]: Work on calls after they ended, in hours.
-- idle_hours [public]: Time waiting for a call, ringing included, in hours.

WITH dated AS (
    SELECT
        *,
        CAST(timezone('Europe/London', session_start_at) AS DATE) AS first_date,
        greatest(
            CAST(timezone('Europe/London', session_start_at) AS DATE),
            CAST(timezone('Europe/London', session_end_at - INTERVAL 1 MICROSECOND) AS DATE)
        ) AS last_date
    FROM xima.time_cards
),

-- Whole sessions that run over midnight may stand in the report of each day they touch.
once AS (
    SELECT * FROM dated WHERE first_date = last_date
    UNION ALL
    SELECT * FROM dated
    WHERE first_date < last_date
    QUALIFY report_date = min(report_date) OVER (PARTITION BY agent, session_start_at, session_end_at)
),

days AS (
    SELECT *, CAST(unnest(generate_series(first_date, last_date, INTERVAL 1 DAY)) AS DATE) AS part_date
    FROM once
),

parts AS (
    SELECT
        part_date,
        agent,
        part_date = first_date AS is_first_part,
        first_date < last_date AS is_split,
        greatest(session_start_at, timezone('Europe/London', CAST(part_date AS TIMESTAMP))) AS part_start_at,
        least(session_end_at, timezone('Europe/London', CAST(part_date + 1 AS TIMESTAMP))) AS part_end_at,
        -- Shares are cut from the running total, so that the parts of a session add up to it to the millisecond.
        CAST(epoch_ms(part_start_at) - epoch_ms(session_start_at) AS HUGEINT) AS from_ms,
        CAST(epoch_ms(part_end_at) - epoch_ms(session_start_at) AS HUGEINT) AS until_ms,
        nullif(epoch_ms(session_end_at) - epoch_ms(session_start_at), 0) AS session_ms,
        logged_in_ms,
        break_ms,
        do_not_disturb_ms,
        talk_ms,
        hold_ms,
        wrap_ms,
        idle_ms
    FROM days
),

shared AS (
    SELECT
        part_date AS report_date,
        agent,
        CAST(count_if(is_first_part) AS BIGINT) AS sessions,
        bool_or(is_split) AS is_split,
        min(part_start_at) AS first_session_start_at,
        max(part_end_at) AS last_session_end_at,
        CAST(sum(coalesce(
            COLUMNS('^(logged_in|break|do_not_disturb|talk|hold|wrap|idle)_ms$') * until_ms // session_ms
            - COLUMNS('^(logged_in|break|do_not_disturb|talk|hold|wrap|idle)_ms$') * from_ms // session_ms,
            COLUMNS('^(logged_in|break|do_not_disturb|talk|hold|wrap|idle)_ms$')
        )) AS BIGINT) AS '\0'
    FROM parts
    GROUP BY ALL
)

SELECT
    report_date,
    agent,
    sessions,
    is_split,
    first_session_start_at,
    last_session_end_at,
    (
        epoch_ms(timezone('Europe/London', CAST(report_date + 1 AS TIMESTAMP)))
        - epoch_ms(timezone('Europe/London', CAST(report_date AS TIMESTAMP)))
    ) // 3600000 AS day_hours,
    COLUMNS('^(\w+)_ms$') AS '\0',
    -- A millisecond is 5/18 of a millionth of an hour: whole numbers throughout, halves rounded up. By division in
    -- floating point one sum in a thousand would miss by a millionth.
    CAST(CAST((COLUMNS('^(\w+)_ms$') * 5 + 9) // 18 AS DECIMAL(18, 0)) * 0.000001 AS DECIMAL(18, 6)) AS '\1_hours'
FROM shared
