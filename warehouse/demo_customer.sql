-- A customer whose card has something in each section: whom `casehouse demo` asks for.

-- name: asked
SELECT customers.customer_id, contacts.customer_e164
FROM marts.contacts AS contacts
INNER JOIN marts.customers AS customers USING (customer_id)
WHERE contacts.customers_with_number = 1
GROUP BY ALL
ORDER BY any_value(customers.open_cases) > 0 DESC, any_value(customers.cases) DESC, count(*) DESC, customer_id
LIMIT 1
