-- Every call with the world outside is one contact, however many cases it meets.

SELECT report_date, call_id, count_if(contacts.is_first_of_call) AS contacts
FROM (SELECT DISTINCT report_date, call_id FROM marts.calls WHERE direction <> 'Internal') AS calls
FULL JOIN marts.contacts AS contacts USING (report_date, call_id)
GROUP BY ALL
HAVING count_if(contacts.is_first_of_call) IS DISTINCT FROM 1
