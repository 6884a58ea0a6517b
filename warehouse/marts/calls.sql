-- Every call, told in UTC instants and in London's wall-clock time, its lengths in milliseconds and in seconds.
--
-- report_date = xima.calls.report_date
-- call_id = xima.calls.call_id
-- started_at = xima.calls.started_at
-- ended_at = xima.calls.ended_at
-- started_london [public]: When the call began by London's clocks. An hour in October has this time twice:
--   started_at tells them apart.
-- ended_london [public]: When the call ended by London's clocks.
-- direction = xima.calls.direction
-- outcome = xima.calls.outcome
-- is_answered [public]: Somebody took the call: its outcome is Answered or Transferred.
-- caller_number = xima.calls.caller_number
-- called_number = xima.calls.called_number
-- customer_number [personal]: Number of the party outside the council, as written: who called on an inbound
--   call, who was called on an outbound one; empty on an internal call or when withheld.
-- skill = xima.calls.skill
-- agent = xima.calls.agent
-- account_code = xima.calls.account_code
-- ring_ms = xima.calls.ring_ms
-- hold_ms = xima.calls.hold_ms
-- talk_ms = xima.calls.talk_ms
-- wrap_ms = xima.calls.wrap_ms
-- call_ms = xima.calls.call_ms
-- ring_seconds [public]: Time ringing or queueing, in seconds.
-- hold_seconds [public]: Time on hold, in seconds.
-- talk_seconds [public]: Time talking, in seconds.
-- wrap_seconds [public]: The agent's work on the call after it ended, in seconds.
-- call_seconds [public]: Ringing, hold and talk together, in seconds; wrap-up is not in it.

SELECT
    report_date,
    call_id,
    started_at,
    ended_at,
    timezone('Europe/London', started_at) AS started_london,
    timezone('Europe/London', ended_at) AS ended_london,
    direction,
    outcome,
    outcome IN ('Answered', 'Transferred') AS is_answered,
    caller_number,
    called_number,
    CASE direction WHEN 'Inbound' THEN caller_number WHEN 'Outbound' THEN called_number END AS customer_number,
    skill,
    agent,
    account_code,
    ring_ms,
    hold_ms,
    talk_ms,
    wrap_ms,
    call_ms,
    CAST(ring_ms / 1000 AS DECIMAL(18, 3)) AS ring_seconds,
    CAST(hold_ms / 1000 AS DECIMAL(18, 3)) AS hold_seconds,
    CAST(talk_ms / 1000 AS DECIMAL(18, 3)) AS talk_seconds,
    CAST(wrap_ms / 1000 AS DECIMAL(18, 3)) AS wrap_seconds,
    CAST(call_ms / 1000 AS DECIMAL(18, 3)) AS call_seconds
FROM xima.calls
