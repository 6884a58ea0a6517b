-- One row per case and stage that has begun: when the stage is due, how much of its time is used and left in working days of
-- England and Wales, and whether its target was met. Open stages are judged at the end of as_of_date.
--
-- case_id = icasework.cases.case_id
-- case_type = icasework.cases.case_type
-- team = icasework.cases.team
-- stage_number [public]: Number of the stage, 1 to 4.
-- received_date [public]: Day the stage began; for stage 1 the day the case was received.
-- target_days [public]: Working days that the stage allows.
-- due_date [public]: Day by whose end the stage is due.
-- ended_date [public]: Day the stage was answered, or else the day the case was closed; empty while it is open.
-- working_days_used [public]: Working days after received_date up to ended_date, or up to as_of_date.
-- working_days_left [public]: Working days after as_of_date up to due_date; negative when overdue, empty when ended.
-- target_status [public]: met: ended by the due day; breached: ended later, or still open after the due day;
--    running: open and not yet due; none: no due day.
-- is_in_target [public]: What iCasework says of the stage's target; empty while the stage is open.
-- as_of_date [public]: Last report day of cases in the lake: open stages are judged at its end.
WITH told AS (
    SELECT max(report_date) AS as_of_date FROM ops.receipts WHERE feed = 'icasework/cases'
),
stages AS (
    SELECT
        case_id,
        case_type,
        team,
        closed_date,
        unnest([
            {
                'stage_number': 1, 'received_date': received_date, 'target_days': stage1_target_days,
                'due_date': stage1_due_date, 'completed_date': stage1_completed_date,
                'is_in_target': is_stage1_in_target
            },
            {
                'stage_number': 2, 'received_date': stage2_received_date, 'target_days': stage2_target_days,
                'due_date': stage2_due_date, 'completed_date': stage2_completed_date,
                'is_in_target': is_stage2_in_target
            },
            {
                'stage_number': 3, 'received_date': stage3_received_date, 'target_days': stage3_target_days,
                'due_date': stage3_due_date, 'completed_date': stage3_completed_date,
                'is_in_target': is_stage3_in_target
            },
            {
                'stage_number': 4, 'received_date': stage4_received_date, 'target_days': stage4_target_days,
                'due_date': stage4_due_date, 'completed_date': stage4_completed_date,
                'is_in_target': is_stage4_in_target
            }
        ], recursive := true)
    FROM marts.cases_current
)
SELECT
    stages.case_id,
    stages.case_type,
    stages.team,
    CAST(stages.stage_number AS INTEGER) AS stage_number,
    stages.received_date,
    stages.target_days,
    stages.due_date,
    coalesce(stages.completed_date, stages.closed_date) AS ended_date,
    until.working_day_number - since.working_day_number AS working_days_used,
    CASE WHEN ended_date IS NULL THEN due.working_day_number - today.working_day_number END AS working_days_left,
    CASE
        WHEN stages.due_date IS NULL THEN 'none'
        WHEN ended_date <= stages.due_date THEN 'met'
        WHEN ended_date > stages.due_date OR stages.due_date <= told.as_of_date THEN 'breached'
        ELSE 'running'
    END AS target_status,
    stages.is_in_target,
    told.as_of_date
FROM stages
CROSS JOIN told
LEFT JOIN ops.calendar AS since ON since.calendar_date = stages.received_date
LEFT JOIN ops.calendar AS due ON due.calendar_date = stages.due_date
LEFT JOIN ops.calendar AS today ON today.calendar_date = told.as_of_date
LEFT JOIN ops.calendar AS until
    ON until.calendar_date = coalesce(stages.completed_date, stages.closed_date, told.as_of_date)
WHERE stages.due_date IS NOT NULL OR stages.completed_date IS NOT NULL OR stages.received_date IS NOT NULL;
