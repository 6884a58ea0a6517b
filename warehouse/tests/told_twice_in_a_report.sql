-- A day's report tells of each case, task, redress and corrective action once; a letter is told of on one day, once.
SELECT 'icasework/cases' AS feed, CAST(case_id AS VARCHAR) AS id, report_date, count(*) AS rows
FROM icasework.cases
GROUP BY ALL
HAVING count(*) > 1
UNION ALL
SELECT 'icasework/tasks', task_id, report_date, count(*)
FROM icasework.tasks
GROUP BY ALL
HAVING count(*) > 1
UNION ALL
SELECT 'icasework/correspondence', correspondence_id, max(report_date), count(*)
FROM icasework.correspondence
GROUP BY correspondence_id
HAVING count(*) > 1
UNION ALL
SELECT 'icasework/redress', redress_id, report_date, count(*)
FROM icasework.redress
GROUP BY ALL
HAVING count(*) > 1
UNION ALL
SELECT 'icasework/corrective_actions', corrective_action_id, report_date, count(*)
FROM icasework.corrective_actions
GROUP BY ALL
HAVING count(*) > 1
