-- iCasework calls a stage in target exactly when it ended by its due day.
SELECT case_id, stage_number, due_date, ended_date, is_in_target, target_status
FROM marts.case_targets
WHERE is_in_target IS NOT NULL
    AND ended_date IS NOT NULL
    AND due_date IS NOT NULL
    AND is_in_target <> (target_status = 'met')
