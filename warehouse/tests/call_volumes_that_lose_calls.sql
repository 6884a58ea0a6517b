-- The half hours of a day hold every inbound call of the day, and taken, abandoned and other calls make them up.

WITH counted AS (
    SELECT report_date, count(*) AS calls FROM marts.calls WHERE direction = 'Inbound' GROUP BY report_date
),

offered AS (
    SELECT
        report_date,
        sum(offered_calls) AS calls,
        bool_or(
            unanswered_calls < 0
            OR answered_in_20s_calls > answered_calls
            OR answered_calls + abandoned_calls + unanswered_calls <> offered_calls
        ) AS is_wrong
    FROM marts.call_volumes
    GROUP BY report_date
)

SELECT report_date, counted.calls AS inbound_calls, offered.calls AS offered_calls
FROM offered
FULL JOIN counted USING (report_date)
WHERE coalesce(counted.calls, 0) IS DISTINCT FROM offered.calls OR offered.is_wrong
