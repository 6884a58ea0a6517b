-- One row per case and change: what the case was from the end of one report day until the next change. The state
-- at the end of a day D is the row with valid_from <= D and (valid_to IS NULL OR valid_to > D).
--
-- icasework.cases.*
-- version_number [public]: Number of the change within the case, from 1.
-- valid_from [public]: Report day at whose end the case was first told to be so.
-- valid_to [public]: Report day of the next change; empty for the state that still holds.
-- is_current [public]: The state still holds.
SELECT
    cases.*,
    versions.version_number,
    cases.report_date AS valid_from,
    versions.valid_to,
    versions.valid_to IS NULL AS is_current
FROM icasework.cases AS cases
JOIN ops.versions_icasework_cases AS versions
    ON versions.case_id = cases.case_id
    AND versions.report_date = cases.report_date
    AND versions.report_row = cases.report_row;
