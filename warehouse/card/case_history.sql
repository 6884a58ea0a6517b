-- History of a case: its eight latest events, the newest first. Of events on one day those without a time come where
-- they belong: a case is closed after, and received before, everything else of its day. Why a case was returned or
-- withdrawn is not shown: it may be in somebody's own words, and name others.
SELECT
    CAST(events.case_id AS VARCHAR) AS document_number,
    events.event_date,
    CASE events.event_type
        WHEN 'stage ended' THEN 'Stage ' || events.detail
        WHEN 'returned' THEN 'Returned'
        WHEN 'withdrawn' THEN 'Withdrawn'
        ELSE concat_ws(': ', upper(left(events.event_type, 1)) || substr(events.event_type, 2), events.detail)
    END AS event,
    row_number() OVER (
        PARTITION BY events.case_id
        ORDER BY
            events.event_date DESC,
            CASE events.event_type
                WHEN 'closed' THEN 1
                WHEN 'returned' THEN 1
                WHEN 'withdrawn' THEN 1
                WHEN 'stage ended' THEN 2
                WHEN 'accepted' THEN 4
                WHEN 'recorded' THEN 5
                WHEN 'received' THEN 6
                ELSE 3
            END,
            events.event_at DESC NULLS LAST,
            events.event_type,
            events.detail,
            events.part_id
    ) AS position
FROM marts.case_timeline AS events
INNER JOIN marts.cases_current AS cases ON events.case_id = cases.case_id
WHERE
    NOT coalesce(cases.is_confidential, false)
    AND CAST(events.case_id AS VARCHAR) IN (SELECT document_number FROM card.documents)
QUALIFY position <= 8
