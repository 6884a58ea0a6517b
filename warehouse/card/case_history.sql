-- History of a case: its ten latest events, the newest first.
SELECT
    CAST(events.case_id AS VARCHAR) AS document_number,
    events.event_date,
    upper(left(events.event_type, 1)) || substr(events.event_type, 2) AS event_type,
    events.detail,
    row_number() OVER (
        PARTITION BY events.case_id
        ORDER BY events.event_date DESC, events.event_at DESC NULLS LAST, events.report_date DESC, events.event_type
    ) AS position
FROM marts.case_timeline AS events
INNER JOIN marts.cases_current AS cases ON events.case_id = cases.case_id
WHERE NOT coalesce(cases.is_confidential, false)
QUALIFY position <= 10
