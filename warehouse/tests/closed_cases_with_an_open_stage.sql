-- A closed case has no stage that was begun and not ended.
SELECT case_id, stage_number, due_date, report_date
FROM (
    SELECT
        case_id,
        report_date,
        unnest([
            {'stage_number': 1, 'due_date': stage1_due_date, 'completed_date': stage1_completed_date},
            {'stage_number': 2, 'due_date': stage2_due_date, 'completed_date': stage2_completed_date},
            {'stage_number': 3, 'due_date': stage3_due_date, 'completed_date': stage3_completed_date},
            {'stage_number': 4, 'due_date': stage4_due_date, 'completed_date': stage4_completed_date}
        ], recursive := true)
    FROM marts.cases_current
    WHERE NOT is_open
)
WHERE due_date IS NOT NULL AND completed_date IS NULL
