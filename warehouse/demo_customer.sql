-- A customer whose card has something in each section, as far as there is one: whom `casehouse demo` asks for.

-- name: asked
SELECT customers.customer_id, any_value(contacts.customer_e164)
FROM marts.customers AS customers
LEFT JOIN marts.contacts AS contacts
    ON customers.customer_id = contacts.customer_id AND contacts.customers_with_number = 1
GROUP BY customers.customer_id
ORDER BY
    count(contacts.call_id) > 0 DESC,
    any_value(customers.open_cases) > 0 DESC,
    any_value(customers.cases) DESC,
    count(contacts.call_id) DESC,
    customers.customer_id
LIMIT 1
