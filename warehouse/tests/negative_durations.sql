-- Nothing ends before it began: cases, stages, tasks, redress and corrective actions.
SELECT 'case' AS what, case_id, CAST(case_id AS VARCHAR) AS part_id, received_date AS began, closed_date AS ended
FROM marts.cases_current
WHERE closed_date < received_date
UNION ALL
SELECT 'stage', case_id, CAST(stage_number AS VARCHAR), received_date, ended_date
FROM marts.case_targets
WHERE ended_date < received_date
UNION ALL
SELECT 'task', case_id, task_id, CAST(created_at AT TIME ZONE 'Europe/London' AS DATE), completed_date
FROM icasework.tasks
WHERE completed_at < created_at
UNION ALL
SELECT 'redress', case_id, redress_id, agreed_date, paid_date
FROM icasework.redress
WHERE paid_date < agreed_date
UNION ALL
SELECT 'corrective action', case_id, corrective_action_id, raised_date, completed_date
FROM icasework.corrective_actions
WHERE completed_date < raised_date
