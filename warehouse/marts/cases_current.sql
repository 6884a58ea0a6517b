-- One row per case: its latest state, as the last report day that tells of it has it.
--
-- icasework.cases.*
-- is_open [public]: The case has no closing day. Rejected and withdrawn cases have one.
SELECT cases.*, cases.closed_date IS NULL AS is_open
FROM icasework.cases AS cases
JOIN ops.latest_icasework_cases AS latest
    ON latest.case_id = cases.case_id
    AND latest.report_date = cases.report_date
    AND latest.report_row = cases.report_row;
