-- What the dispatcher asks of the catalogue.

-- name: due
FROM marts.outbound_due ORDER BY case_id, template;

-- name: cases
SELECT cases.*
FROM marts.cases_current AS cases
SEMI JOIN (SELECT unnest($case_ids) AS case_id) AS wanted USING (case_id)
ORDER BY case_id;
