-- Inbound calls by half hour of every loaded London day, quiet half hours included. A day has 46, 48 or 50 of them:
-- when the clocks go back, the half hours from 01:00 come twice and half_hour_at tells them apart. Counts and times
-- add up over any span; the shares do not, so reckon them again from the counts.
--
-- report_date [public]: London day.
-- half_hour_at [public]: First instant of the half hour.
-- half_hour_london [public]: The same by London's clocks.
-- offered_calls [public]: Inbound calls that began in this half hour.
-- answered_calls [public]: Of these, the calls that somebody took; transferred ones are among them.
-- answered_in_20s_calls [public]: Of the answered calls, those taken within 20 seconds.
-- abandoned_calls [public]: Calls whose caller gave up.
-- unanswered_calls [public]: Calls that ended otherwise without being taken.
-- answer_ms [public]: Time that the answered calls rang or queued, all together, in milliseconds.
-- average_answer_seconds [public]: Average time until an answered call was taken, in seconds; empty without one.
-- abandoned_share [public]: Abandoned calls per offered call, 0 to 1; empty when none was offered.
-- service_level_share [public]: Calls answered within 20 seconds per offered call, 0 to 1; abandoned calls count
--   as offered. Empty when none was offered.

-- Quiet half hours are rows of noughts beside the calls, and not joined to them, so that a condition on report_date
-- reads only that day's calls.
WITH counted AS (
    SELECT
        report_date,
        unnest(generate_series(
            timezone('Europe/London', CAST(report_date AS TIMESTAMP)),
            timezone('Europe/London', CAST(report_date + 1 AS TIMESTAMP)) - INTERVAL 30 MINUTE,
            INTERVAL 30 MINUTE
        )) AS half_hour_at,
        false AS is_call,
        NULL AS outcome,
        NULL AS ring_ms
    FROM ops.receipts
    WHERE feed = 'xima/calls'
    UNION ALL
    SELECT report_date, time_bucket(INTERVAL 30 MINUTE, started_at) AS half_hour_at, true AS is_call, outcome, ring_ms
    FROM xima.calls
    WHERE direction = 'Inbound'
),

volumes AS (
    SELECT
        report_date,
        half_hour_at,
        count(*) FILTER (WHERE is_call) AS offered_calls,
        count(*) FILTER (WHERE outcome IN ('Answered', 'Transferred')) AS answered_calls,
        count(*) FILTER (WHERE outcome IN ('Answered', 'Transferred') AND ring_ms <= 20000) AS answered_in_20s_calls,
        count(*) FILTER (WHERE outcome = 'Abandoned') AS abandoned_calls,
        CAST(coalesce(sum(ring_ms) FILTER (WHERE outcome IN ('Answered', 'Transferred')), 0) AS BIGINT)
            AS answer_ms
    FROM counted
    GROUP BY ALL
)

SELECT
    report_date,
    half_hour_at,
    timezone('Europe/London', half_hour_at) AS half_hour_london,
    offered_calls,
    answered_calls,
    answered_in_20s_calls,
    abandoned_calls,
    offered_calls - answered_calls - abandoned_calls AS unanswered_calls,
    answer_ms,
    CAST(answer_ms / nullif(answered_calls, 0) / 1000 AS DECIMAL(18, 3)) AS average_answer_seconds,
    abandoned_calls / nullif(offered_calls, 0) AS abandoned_share,
    answered_in_20s_calls / nullif(offered_calls, 0) AS service_level_share
FROM volumes
