-- The ledger: what was to be sent, what was tried, what came of it. No value of a case stands in it but the
-- case's number and what Tascomi named its own records.
CREATE TABLE IF NOT EXISTS facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS cases (
    case_id TEXT PRIMARY KEY,
    template TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,   -- ours, by which the service request is found again
    planned_at TEXT NOT NULL,
    request_id TEXT UNIQUE,           -- Tascomi's id of the service request
    number TEXT,                      -- the number people quote
    status TEXT                       -- its status as last noted on the case
) STRICT;

-- Steps are numbered in the order in which they must happen; one begins when all before it are done.
CREATE TABLE IF NOT EXISTS steps (
    n INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases,
    ordinal INTEGER NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'unknown', 'sent', 'linked', 'refused', 'dead')),
    about TEXT,                       -- template of an update, status of a status note
    intent TEXT,                      -- what is being done, and the ids that were there before it
    digest TEXT,                      -- of the exact payload
    fields TEXT,                      -- its fields' names
    tries INTEGER NOT NULL DEFAULT 0,
    attempted_at TEXT,
    not_before TEXT,                  -- when it may be tried, or its outcome looked up
    result_id TEXT,
    field TEXT,
    reason TEXT,
    may_be_there INTEGER NOT NULL DEFAULT 0, -- a send whose outcome was never settled
    UNIQUE (case_id, ordinal)
) STRICT;

CREATE INDEX IF NOT EXISTS steps_by_state ON steps (state);

CREATE TABLE IF NOT EXISTS log (
    at TEXT NOT NULL,
    n INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    step TEXT NOT NULL,
    try INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    field TEXT,
    reason TEXT
) STRICT;

CREATE INDEX IF NOT EXISTS log_by_time ON log (at);
