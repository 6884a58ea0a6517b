-- One row per event of a case: its own milestones, its tasks, letters, redress and corrective actions, as the latest
-- reports have them. What was taken back, such as the closing of a case that was opened again, stands in
-- marts.case_history. An event that is only known by its day has no time.
--
-- case_id = icasework.cases.case_id
-- event_date [public]: London day of the event.
-- event_at [public]: When it was; empty where only the day is known.
-- event_type [public]: What happened: received, recorded, accepted, returned, withdrawn, stage ended, closed,
--    task opened, task ended, letter sent, redress agreed, redress paid, action raised, action ended.
-- detail [personal]: Kind of task, letter, redress or action; number and outcome of the stage; how the case came,
--   its form, its outcome, or why it was returned or withdrawn, which may be in somebody's own words.
-- part_id [public]: Number of the task, letter, redress or action; empty for the case's own events.
-- team [public]: Team that held the part, or that holds the case.
-- officer [personal]: Officer who did it or holds it, as the report names them; empty where it names none.
-- feed [public]: Feed that tells of it, such as icasework/tasks.
-- report_date [public]: Report day of the row that tells of it.
-- report_row [public]: Place of that row in the day's file, from 1.
WITH events AS (
    SELECT
        case_id,
        unnest([
            {'event_type': 'received', 'event_date': received_date, 'event_at': CAST(NULL AS TIMESTAMPTZ),
             'detail': received_method, 'officer': NULL},
            {'event_type': 'recorded', 'event_date': NULL, 'event_at': created_at,
             'detail': form_type, 'officer': created_by},
            {'event_type': 'accepted', 'event_date': accepted_date, 'event_at': NULL,
             'detail': NULL, 'officer': NULL},
            {'event_type': 'returned', 'event_date': returned_date, 'event_at': NULL,
             'detail': returned_reason, 'officer': NULL},
            {'event_type': 'withdrawn', 'event_date': withdrawn_date, 'event_at': NULL,
             'detail': withdrawn_reason, 'officer': NULL},
            {'event_type': 'stage ended', 'event_date': stage1_completed_date, 'event_at': NULL,
             'detail': concat_ws(': ', '1', stage1_outcome), 'officer': stage1_outcome_by},
            {'event_type': 'stage ended', 'event_date': stage2_completed_date, 'event_at': NULL,
             'detail': concat_ws(': ', '2', stage2_outcome), 'officer': stage2_outcome_by},
            {'event_type': 'stage ended', 'event_date': stage3_completed_date, 'event_at': NULL,
             'detail': concat_ws(': ', '3', stage3_outcome), 'officer': stage3_outcome_by},
            {'event_type': 'stage ended', 'event_date': stage4_completed_date, 'event_at': NULL,
             'detail': concat_ws(': ', '4', stage4_outcome), 'officer': stage4_outcome_by},
            {'event_type': 'closed', 'event_date': closed_date, 'event_at': NULL,
             'detail': current_outcome, 'officer': NULL}
        ], recursive := true),
        NULL AS part_id,
        team,
        'icasework/cases' AS feed,
        report_date,
        report_row
    FROM marts.cases_current
    UNION ALL BY NAME
    SELECT
        tasks.case_id,
        unnest([
            {'event_type': 'task opened', 'event_date': NULL, 'event_at': tasks.created_at,
             'officer': tasks.assigned_to},
            {'event_type': 'task ended', 'event_date': tasks.completed_date, 'event_at': tasks.completed_at,
             'officer': tasks.completed_by}
        ], recursive := true),
        tasks.task_type AS detail,
        tasks.task_id AS part_id,
        tasks.team,
        'icasework/tasks' AS feed,
        tasks.report_date,
        tasks.report_row
    FROM icasework.tasks AS tasks
    JOIN ops.latest_icasework_tasks AS latest
        ON latest.case_id = tasks.case_id
        AND latest.report_date = tasks.report_date
        AND latest.report_row = tasks.report_row
    UNION ALL BY NAME
    SELECT
        case_id,
        'letter sent' AS event_type,
        sent_date AS event_date,
        sent_at AS event_at,
        sent_by AS officer,
        correspondence_type AS detail,
        correspondence_id AS part_id,
        'icasework/correspondence' AS feed,
        report_date,
        report_row
    FROM icasework.correspondence
    UNION ALL BY NAME
    SELECT
        redress.case_id,
        unnest([
            {'event_type': 'redress agreed', 'event_date': redress.agreed_date, 'officer': redress.agreed_by},
            {'event_type': 'redress paid', 'event_date': redress.paid_date, 'officer': NULL}
        ], recursive := true),
        redress.redress_type AS detail,
        redress.redress_id AS part_id,
        redress.team,
        'icasework/redress' AS feed,
        redress.report_date,
        redress.report_row
    FROM icasework.redress AS redress
    JOIN ops.latest_icasework_redress AS latest
        ON latest.case_id = redress.case_id
        AND latest.report_date = redress.report_date
        AND latest.report_row = redress.report_row
    UNION ALL BY NAME
    SELECT
        actions.case_id,
        unnest([
            {'event_type': 'action raised', 'event_date': actions.raised_date},
            {'event_type': 'action ended', 'event_date': actions.completed_date}
        ], recursive := true),
        actions.owner AS officer,
        actions.corrective_action_type AS detail,
        actions.corrective_action_id AS part_id,
        actions.team,
        'icasework/corrective_actions' AS feed,
        actions.report_date,
        actions.report_row
    FROM icasework.corrective_actions AS actions
    JOIN ops.latest_icasework_corrective_actions AS latest
        ON latest.case_id = actions.case_id
        AND latest.report_date = actions.report_date
        AND latest.report_row = actions.report_row
)
SELECT
    case_id,
    coalesce(event_date, CAST(event_at AT TIME ZONE 'Europe/London' AS DATE)) AS event_date,
    event_at,
    event_type,
    detail,
    part_id,
    team,
    officer,
    feed,
    report_date,
    report_row
FROM events
WHERE event_date IS NOT NULL OR event_at IS NOT NULL;
