-- One row per month, team and type of redress: what was agreed in the month, and how much of that is paid by now.
--
-- agreed_month_date [public]: First day of the month in which it was agreed.
-- team = icasework.redress.team
-- redress_type = icasework.redress.redress_type
-- agreed [public]: Redress agreed, with money and without.
-- agreed_gbp [public]: Money agreed, in pounds.
-- paid [public]: How many of these are paid.
-- paid_gbp [public]: How much of the money is paid, in pounds.
-- outstanding_gbp [public]: How much is agreed and not paid, in pounds.
SELECT
    CAST(date_trunc('month', redress.agreed_date) AS DATE) AS agreed_month_date,
    redress.team,
    redress.redress_type,
    count(*) AS agreed,
    CAST(coalesce(sum(redress.amount_gbp), 0) AS DECIMAL(18, 2)) AS agreed_gbp,
    count(redress.paid_date) AS paid,
    CAST(coalesce(sum(redress.amount_gbp) FILTER (WHERE redress.paid_date IS NOT NULL), 0) AS DECIMAL(18, 2))
        AS paid_gbp,
    CAST(coalesce(sum(redress.amount_gbp) FILTER (WHERE redress.paid_date IS NULL), 0) AS DECIMAL(18, 2))
        AS outstanding_gbp
FROM icasework.redress AS redress
JOIN ops.latest_icasework_redress AS latest
    ON latest.case_id = redress.case_id
    AND latest.report_date = redress.report_date
    AND latest.report_row = redress.report_row
WHERE redress.agreed_date IS NOT NULL
GROUP BY ALL;
