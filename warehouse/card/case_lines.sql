-- Lines of a case: its tasks and its corrective actions, a line a kind, how many there are and how many are done; the
-- team where it is not the case's own.
WITH parts AS (
    SELECT
        tasks.case_id,
        tasks.task_type AS kind,
        tasks.completed_date IS NOT NULL AS is_done,
        tasks.due_date,
        tasks.team,
        tasks.created_at AS begun_at
    FROM icasework.tasks AS tasks
    INNER JOIN ops.latest_icasework_tasks AS latest
        ON tasks.case_id = latest.case_id
        AND tasks.report_date = latest.report_date
        AND tasks.report_row = latest.report_row
    UNION ALL
    SELECT
        actions.case_id,
        concat_ws(': ', 'Corrective action', actions.corrective_action_type) AS kind,
        actions.completed_date IS NOT NULL AS is_done,
        actions.due_date,
        actions.team,
        CAST(actions.raised_date AS TIMESTAMPTZ) AS begun_at
    FROM icasework.corrective_actions AS actions
    INNER JOIN ops.latest_icasework_corrective_actions AS latest
        ON actions.case_id = latest.case_id
        AND actions.report_date = latest.report_date
        AND actions.report_row = latest.report_row
)

SELECT
    CAST(parts.case_id AS VARCHAR) AS document_number,
    coalesce(parts.kind, 'Task') AS line_name,
    count(*) AS quantity,
    count(*) FILTER (WHERE parts.is_done) AS delivered,
    min(parts.due_date) FILTER (WHERE NOT parts.is_done) AS due_date,
    nullif(max_by(parts.team, parts.begun_at), max(cases.team)) AS team,
    row_number() OVER (PARTITION BY parts.case_id ORDER BY min(parts.begun_at), parts.kind) AS position
FROM parts
INNER JOIN marts.cases_current AS cases ON parts.case_id = cases.case_id
WHERE
    NOT coalesce(cases.is_confidential, false)
    AND CAST(parts.case_id AS VARCHAR) IN (SELECT document_number FROM card.documents)
GROUP BY parts.case_id, parts.kind
