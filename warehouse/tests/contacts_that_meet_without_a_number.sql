-- A call whose number was withheld or cannot be read meets no case and repeats no other call, and an unreadable
-- number is nobody's.

SELECT report_date, call_id
FROM marts.contacts
WHERE
    customer_e164 IS NULL
    AND (case_id IS NOT NULL OR is_repeat_contact OR previous_call_at IS NOT NULL OR customers_with_number > 0)
