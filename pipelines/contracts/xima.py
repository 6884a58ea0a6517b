"""The four Xima contracts: column title and format, warehouse name, type, meaning, privacy class and total.

A wire name is the column's title followed by its format in brackets, as the report tells them, so that a
column renamed, given another format or moved is drift. `agent_summary` is the vendor's own documented
example; the titles of the other three reports are guesses in its style. A council whose report has another
title edits that column's first argument here, or its `control`, and nothing else.

Durations are whole milliseconds. Every number whose total the report tells is required: an empty one would
pass for zero in the sum.
"""

from pipelines.contracts.columns import Instant, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire

DIRECTIONS = ["Inbound", "Outbound", "Internal"]
OUTCOMES = ["Answered", "Abandoned", "Transferred", "Unanswered"]


class Calls(Rows):
    """One call that started on the report day."""

    call_id: Text = wire("Call ID [STRING]", "The call's identifier in Xima.", required=True)
    started_at: Instant = wire("Start Time [STRING]", "When the call began.", required=True)
    ended_at: Instant = wire("End Time [STRING]", "When the call ended; wrap-up comes after.")
    direction: Text = wire(
        "Direction [STRING]", "Inbound, Outbound or Internal.", required=True, isin=DIRECTIONS
    )
    outcome: Text = wire(
        "Outcome [STRING]",
        "Answered, Abandoned (the caller gave up), Transferred, or Unanswered (nobody picked up our call).",
        required=True,
        isin=OUTCOMES,
    )
    caller_number: Text = wire(
        "Calling Party [STRING]",
        "Number that called: the customer's on an inbound call, else an extension; empty when withheld.",
        privacy="personal",
    )
    called_number: Text = wire(
        "Called Party [STRING]",
        "Number that was called: the customer's on an outbound call.",
        privacy="personal",
    )
    skill: Text = wire("Skill [STRING]", "Queue the call came in by; empty unless inbound.")
    agent: Text = wire(
        "Agent [STRING]",
        "Agent who held the call, as name(extension); empty when it was abandoned.",
        privacy="personal",
    )
    account_code: Text = wire(
        "Account Code [STRING]", "Code the call is charged to; empty when the agent gave none."
    )
    ring_ms: Whole = wire(
        "Ringing [DURATION]",
        "Time ringing or queueing, in milliseconds.",
        required=True,
        control="Total Ringing",
        ge=0,
    )
    hold_ms: Whole = wire(
        "Hold [DURATION]", "Time on hold, in milliseconds.", required=True, control="Total Hold", ge=0
    )
    talk_ms: Whole = wire(
        "Talking [DURATION]", "Time talking, in milliseconds.", required=True, control="Total Talking", ge=0
    )
    wrap_ms: Whole = wire(
        "Wrap Up [DURATION]",
        "The agent's work on the call after it ended, in milliseconds.",
        required=True,
        control="Total Wrap Up",
        ge=0,
    )
    call_ms: Whole = wire(
        "Call Duration [DURATION]",
        "Ringing, hold and talk together, in milliseconds; wrap-up is not in it.",
        required=True,
        control="Total Call Duration",
        ge=0,
    )


class AgentSummary(Rows):
    """One agent's calls on the report day; an agent without a call has a row of zeros."""

    agent: Text = wire("Agent [STRING]", "The agent, as name(extension).", privacy="personal", required=True)
    inbound_calls: Whole = wire(
        "Inbound Calls [NUMBER]", "Calls taken.", required=True, control="Total Inbound Calls", ge=0
    )
    outbound_calls: Whole = wire(
        "Outbound Calls [NUMBER]", "Calls made.", required=True, control="Total Outbound Calls", ge=0
    )
    internal_calls: Whole = wire(
        "Internal Calls [NUMBER]",
        "Calls with colleagues.",
        required=True,
        control="Total Internal Calls",
        ge=0,
    )
    total_calls: Whole = wire(
        "Total Calls [NUMBER]", "All of these calls.", required=True, control="Total Calls", ge=0
    )
    talk_ms: Whole = wire(
        "Total Talking [DURATION]",
        "Time talking, in milliseconds.",
        required=True,
        control="Total Talking",
        ge=0,
    )
    average_talk_ms: Whole = wire(
        "Avg Talking [DURATION]",
        "Average time talking, in milliseconds, as Xima reckons it: it does not say over which calls.",
        ge=0,
    )


class TimeCards(Rows):
    """One agent's session on the report day, cut at midnight where it goes on into another day."""

    agent: Text = wire("Agent [STRING]", "The agent, as name(extension).", privacy="personal", required=True)
    shift_start_at: Instant = wire(
        "Shift Start [STRING]", "When the rostered shift began, uncut; empty when none was rostered."
    )
    shift_end_at: Instant = wire(
        "Shift End [STRING]", "When the rostered shift ended, uncut; empty when none was rostered."
    )
    session_start_at: Instant = wire(
        "Session Start [STRING]", "When the agent logged in, or the day began.", required=True
    )
    session_end_at: Instant = wire(
        "Session End [STRING]", "When the agent logged out, or the day ended.", required=True
    )
    logged_in_ms: Whole = wire(
        "Logged In [DURATION]",
        "Length of the session, in milliseconds: the following six together.",
        required=True,
        control="Total Logged In",
        ge=0,
    )
    break_ms: Whole = wire(
        "Break [DURATION]", "Time on break, in milliseconds.", required=True, control="Total Break", ge=0
    )
    do_not_disturb_ms: Whole = wire(
        "Do Not Disturb [DURATION]",
        "Time set to do not disturb, in milliseconds.",
        required=True,
        control="Total Do Not Disturb",
        ge=0,
    )
    talk_ms: Whole = wire(
        "Talking [DURATION]", "Time talking, in milliseconds.", required=True, control="Total Talking", ge=0
    )
    hold_ms: Whole = wire(
        "Hold [DURATION]",
        "Time with a caller on hold, in milliseconds.",
        required=True,
        control="Total Hold",
        ge=0,
    )
    wrap_ms: Whole = wire(
        "Wrap Up [DURATION]",
        "Work on calls after they ended, in milliseconds.",
        required=True,
        control="Total Wrap Up",
        ge=0,
    )
    idle_ms: Whole = wire(
        "Idle [DURATION]",
        "Time waiting for a call, ringing included, in milliseconds.",
        required=True,
        control="Total Idle",
        ge=0,
    )


class AccountUsage(Rows):
    """One account code's calls on the report day."""

    account_code: Text = wire("Account Code [STRING]", "Code the calls are charged to.", required=True)
    calls: Whole = wire("Calls [NUMBER]", "Calls with this code.", required=True, control="Total Calls", ge=0)
    talk_ms: Whole = wire(
        "Talking [DURATION]",
        "Time talking on them, in milliseconds.",
        required=True,
        control="Total Talking",
        ge=0,
    )


XIMA_CONTRACTS: tuple[Contract, ...] = (
    Contract("xima/calls", Calls, rows_control="Calls", rows_by=("call_id",)),
    Contract("xima/agent_summary", AgentSummary, rows_control="Agents", rows_by=("agent",)),
    Contract("xima/time_cards", TimeCards, rows_control="Sessions", rows_by=("agent", "session_start_at")),
    Contract("xima/account_usage", AccountUsage, rows_control="Account Codes", rows_by=("account_code",)),
)
