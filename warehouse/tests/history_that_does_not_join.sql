-- The states of a case follow each other without gap: each ends where the next begins, one still holds, and that
-- one is the state in marts.cases_current.
WITH states AS (
    SELECT
        case_id,
        version_number,
        valid_from,
        valid_to,
        is_current,
        struct_pack(case_type, case_status, team, assigned_to, closed_date, last_updated_at) AS state,
        lead(valid_from) OVER (PARTITION BY case_id ORDER BY version_number) AS next_from
    FROM marts.case_history
)
SELECT coalesce(states.case_id, current.case_id) AS case_id, states.version_number, states.valid_from, states.valid_to
FROM states
FULL JOIN marts.cases_current AS current ON current.case_id = states.case_id AND states.is_current
WHERE states.valid_to IS DISTINCT FROM states.next_from
    OR (states.is_current AND current.case_id IS NULL)
    OR states.case_id IS NULL
    OR (
        states.is_current
        AND states.state IS DISTINCT FROM struct_pack(
            current.case_type,
            current.case_status,
            current.team,
            current.assigned_to,
            current.closed_date,
            current.last_updated_at
        )
    )
