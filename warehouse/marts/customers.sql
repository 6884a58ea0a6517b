-- One row per customer with a reference: what the latest of their cases says of them, its empty cells included, so
-- that no address is put together from two; every way to know them again; and how many cases they have. Cases
-- without a customer's reference are in no row.
--
-- customer_id = icasework.cases.customer_id
-- customer_name = icasework.cases.customer_name
-- customer_category = icasework.cases.customer_category
-- customer_organisation = icasework.cases.customer_organisation
-- customer_birth_date = icasework.cases.customer_birth_date
-- customer_address = icasework.cases.customer_address
-- customer_town = icasework.cases.customer_town
-- customer_postcode = icasework.cases.customer_postcode
-- customer_email = icasework.cases.customer_email
-- emails [personal]: Every email address in their cases, in small letters.
-- phones [personal]: Every phone and mobile number in their cases, in international form, such as +442079460811.
-- cases [public]: Their cases.
-- open_cases [public]: Those without a closing day.
-- first_received_date [public]: Day the first of them was received.
-- last_report_date [public]: Last report day that tells of one of them.
SELECT
    customer_id,
    arg_max_null(customer_name, latest) AS customer_name,
    arg_max_null(customer_category, latest) AS customer_category,
    arg_max_null(customer_organisation, latest) AS customer_organisation,
    arg_max_null(customer_birth_date, latest) AS customer_birth_date,
    arg_max_null(customer_address, latest) AS customer_address,
    arg_max_null(customer_town, latest) AS customer_town,
    arg_max_null(customer_postcode, latest) AS customer_postcode,
    arg_max_null(customer_email, latest) AS customer_email,
    coalesce(list_sort(list_distinct(list(nullif(lower(trim(customer_email)), '')))), []) AS emails,
    coalesce(list_sort(list_distinct(flatten(list([phone, mobile])))), []) AS phones,
    count(*) AS cases,
    count(*) FILTER (WHERE is_open) AS open_cases,
    min(received_date) AS first_received_date,
    max(report_date) AS last_report_date
FROM (
    SELECT
        cases.*,
        home.e164 AS phone,
        mobile.e164 AS mobile,
        CAST(report_date - DATE '1970-01-01' AS BIGINT) * 4294967296 + report_row AS latest
    FROM marts.cases_current AS cases
    LEFT JOIN ops.phones AS home ON home.written = cases.customer_phone
    LEFT JOIN ops.phones AS mobile ON mobile.written = cases.customer_mobile
    WHERE customer_id IS NOT NULL
)
GROUP BY customer_id;
