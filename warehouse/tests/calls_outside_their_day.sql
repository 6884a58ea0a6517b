-- A call stands in the report of the London day on which it began.

SELECT report_date, call_id
FROM marts.calls
WHERE CAST(started_london AS DATE) <> report_date
