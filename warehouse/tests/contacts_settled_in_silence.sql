-- Where calls meet cases of several customers, they say that it is not known who rang.

SELECT report_date, call_id, count(DISTINCT coalesce(customer_id, 'case ' || case_id)) AS customers
FROM marts.contacts
GROUP BY report_date, call_id
HAVING count(DISTINCT coalesce(customer_id, 'case ' || case_id)) > 1 AND NOT bool_and(is_ambiguous)
