-- No report tells of what happened after its day. What is planned (due days) is not judged.
SELECT feed, case_id, event_type, part_id, event_date, report_date
FROM marts.case_timeline
WHERE event_date > report_date
