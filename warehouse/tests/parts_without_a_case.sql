-- Every task, letter, redress and corrective action belongs to a case that the day's cases report tells of.
-- Days whose cases were not all loaded are not judged.
WITH whole AS (
    SELECT report_date FROM ops.receipts WHERE feed = 'icasework/cases' AND rows_quarantined = 0
),
parts AS (
    SELECT 'icasework/tasks' AS feed, case_id, task_id AS part_id, report_date FROM icasework.tasks
    UNION ALL
    SELECT 'icasework/correspondence', case_id, correspondence_id, report_date FROM icasework.correspondence
    UNION ALL
    SELECT 'icasework/redress', case_id, redress_id, report_date FROM icasework.redress
    UNION ALL
    SELECT 'icasework/corrective_actions', case_id, corrective_action_id, report_date
    FROM icasework.corrective_actions
)
SELECT parts.feed, parts.case_id, parts.part_id, parts.report_date
FROM parts
SEMI JOIN whole ON whole.report_date = parts.report_date
ANTI JOIN icasework.cases AS cases
    ON cases.case_id = parts.case_id AND cases.report_date = parts.report_date
