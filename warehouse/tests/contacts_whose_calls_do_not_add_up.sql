-- The calls of a case are the contacts that show it and can be nobody else's.

WITH shown AS (
    SELECT
        case_id,
        count_if(NOT is_ambiguous) AS contacts,
        min(case_calls) AS fewest,
        max(case_calls) AS most
    FROM marts.contacts
    WHERE case_id IS NOT NULL
    GROUP BY case_id
)

SELECT case_id, counted.case_calls, shown.contacts, shown.fewest, shown.most
FROM shown
FULL JOIN ops.case_calls AS counted USING (case_id)
WHERE
    coalesce(shown.contacts, 0) <> coalesce(counted.case_calls, 0)
    OR shown.fewest <> shown.contacts
    OR shown.most <> shown.contacts
