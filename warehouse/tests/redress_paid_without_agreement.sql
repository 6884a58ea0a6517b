-- Redress that is paid was agreed, and names its amount.
SELECT case_id, redress_id, redress_status, agreed_date, paid_date, report_date
FROM icasework.redress
WHERE paid_date IS NOT NULL AND (agreed_date IS NULL OR amount_gbp IS NULL)
