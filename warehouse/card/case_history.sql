-- History of a case: its eight latest events, the newest first. Of events on one day those without a time come where
-- they belong: a case is closed after, and received before, everything else of its day. Why a case was returned or
-- withdrawn is not shown: it may be in somebody's own words, and name others.
--
-- An event's place is one number: its day, what kind it is, its second of the day. Sorting the events of all cases by
-- five columns takes four times as long.
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
            CAST(events.event_date - DATE '1970-01-01' AS BIGINT) * 1000000
            + CASE events.event_type
                WHEN 'closed' THEN 500000
                WHEN 'returned' THEN 500000
                WHEN 'withdrawn' THEN 500000
                WHEN 'stage ended' THEN 400000
                WHEN 'accepted' THEN 200000
                WHEN 'recorded' THEN 100000
                WHEN 'received' THEN 0
                ELSE 300000
            END
            + coalesce(epoch_ms(timezone('Europe/London', events.event_at)) // 1000 % 86400, 0) DESC,
            events.report_date DESC,
            events.report_row DESC,
            events.event_type ASC
    ) AS position
FROM marts.case_timeline AS events
WHERE
    events.case_id IN (
        SELECT cases.case_id
        FROM marts.cases_current AS cases
        WHERE
            NOT coalesce(cases.is_confidential, false)
            AND CAST(cases.case_id AS VARCHAR) IN (SELECT documents.document_number FROM card.documents AS documents)
    )
QUALIFY position <= 8
