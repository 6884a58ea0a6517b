-- How a mart becomes a view. Its query stands in warehouse/marts/, one view a file.

-- name: schema
CREATE SCHEMA IF NOT EXISTS marts;

-- name: view
CREATE VIEW {{view}} AS
{{query}};

-- name: phone_number
CREATE MACRO ops.phone_number(typed) AS (
    CASE
        WHEN length(regexp_replace(typed, '[^0-9]', '', 'g')) < 10 THEN NULL
        WHEN regexp_matches(typed, '^\s*(\+|00)\s*44') THEN
            '+44' || regexp_replace(regexp_replace(typed, '[^0-9]', '', 'g'), '^(00)?440?', '')
        WHEN regexp_matches(typed, '^\s*(\+|00)') THEN
            '+' || regexp_replace(regexp_replace(typed, '[^0-9]', '', 'g'), '^00', '')
        WHEN regexp_matches(typed, '^[^0-9]*0') THEN '+44' || regexp_replace(typed, '[^0-9]', '', 'g')[2:]
        ELSE NULL
    END
);
COMMENT ON MACRO ops.phone_number IS 'A phone number as typed, in international form such as +442079460811; empty when it is not one. Numbers with a leading 0 are British.';
