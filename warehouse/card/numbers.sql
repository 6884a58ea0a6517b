-- Which telephone numbers (e164) are whose (person, customer_id), by every case that shows them. A case that names no
-- customer counts as a person of its own, as in marts.contacts: a number that it shares with a customer is not that
-- customer's alone. A reference that stands for nobody in particular, such as ANONYMOUS, is best made NULL here and
-- left out of cases.sql. What is whose alone, or with CASEHOUSE_KPI_HOUSEHOLDS anyone's, is card.numbers (e164,
-- customer_id) to the queries of this folder.
SELECT DISTINCT
    phones.e164,
    coalesce(cases.customer_id, 'case ' || cases.case_id) AS person,
    cases.customer_id
FROM (
    SELECT case_id, customer_id, customer_phone AS written FROM marts.cases_current
    UNION ALL
    SELECT case_id, customer_id, customer_mobile AS written FROM marts.cases_current
) AS cases
INNER JOIN ops.phones AS phones ON cases.written = phones.written
WHERE phones.e164 IS NOT NULL
