-- A number that is compared is in international form, and every way to write it stands once.

SELECT e164
FROM ops.phones
WHERE NOT regexp_full_match(e164, '\+[1-9][0-9]{5,14}')
UNION ALL
SELECT any_value(e164) AS e164
FROM ops.phones
GROUP BY written
HAVING count(*) > 1
