-- Section Cases: one document a case, at most twenty a customer, the most urgent first. Colours go by
-- marts.case_targets: red overdue, orange due within two working days, green answered in time or not yet near its
-- day, none for what is closed, was answered late or has no day. Of a confidential case nobody but its officers may
-- know more than that there is one, and since when: not even its place among the others tells whether it is open.
--
-- A query of this folder reads schemas icasework, xima, marts and ops; columns of the privacy class special are not
-- there. Besides, card.numbers (see numbers.sql) and, in queries for lines and history, card.documents: the
-- document_number of every document that is shown. Parameters: $as_of_date, the last report day of cases;
-- $case_url, where iCasework shows a case, with {case_id} in it. What it may return for documents:
--
--     customer_id                whose card it goes on
--     document_number            what it is called, once on a card
--     document_at                instant
--     external_url, tracking_url links, or nothing
--     status, colour, status_at  words; NORMAL, GREEN, ORANGE or RED; instant of the last change
--     amount, currency           pounds and pence with GBP, or nothing
--     position                   a number to sort by, smallest first; it is compared with other customers' where a
--                                household has a card together
--
-- and any other column, to be shown as a field by card.toml. A query for lines returns document_number, line_name,
-- quantity, delivered, line_url, position and fields; one for history document_number, position and fields.
--
-- The latest of many rows is found by the greatest of one number that is made of its day and its place, and not by
-- sorting or by a window over whole rows: ten years of casework must fit into a few hundred megabytes.
WITH stages AS (
    SELECT
        case_id,
        arg_max_null(due_date, stage_number) AS due_date,
        arg_max_null(ended_date, stage_number) AS ended_date,
        arg_max_null(working_days_left, stage_number) AS working_days_left,
        arg_max(CAST(target_status AS ENUM ('met', 'breached', 'running', 'none')), stage_number) AS target_status
    FROM marts.case_targets
    GROUP BY case_id
),

classified AS (
    SELECT
        case_id,
        classification_title,
        CAST(report_date - DATE '1970-01-01' AS HUGEINT) * 79228162514264337593543950336
        + CAST(coalesce(epoch_us(added_at), 0) AS HUGEINT) * 4294967296
        + report_row AS place
    FROM icasework.classifications
),

subjects AS (
    SELECT classified.case_id, classified.classification_title AS subject
    FROM classified
    INNER JOIN (SELECT case_id, max(place) AS place FROM classified GROUP BY case_id) AS latest
        ON classified.case_id = latest.case_id AND classified.place = latest.place
),

sent AS (
    SELECT
        case_id,
        correspondence_type,
        sent_date,
        CAST(coalesce(epoch_us(sent_at), epoch_us(CAST(sent_date AS TIMESTAMPTZ))) AS HUGEINT)
        * 18446744073709551616
        + CAST(report_date - DATE '1970-01-01' AS HUGEINT) * 4294967296
        + report_row AS place
    FROM icasework.correspondence
    WHERE sent_date IS NOT NULL
),

letters AS (
    SELECT sent.case_id, sent.correspondence_type, sent.sent_date
    FROM sent
    INNER JOIN (SELECT case_id, max(place) AS place FROM sent GROUP BY case_id) AS latest
        ON sent.case_id = latest.case_id AND sent.place = latest.place
),

agreed AS (
    SELECT redress.case_id, sum(redress.amount_gbp) AS agreed_gbp
    FROM icasework.redress AS redress
    INNER JOIN ops.latest_icasework_redress AS latest
        ON redress.case_id = latest.case_id
        AND redress.report_date = latest.report_date
        AND redress.report_row = latest.report_row
    WHERE redress.agreed_date IS NOT NULL
    GROUP BY redress.case_id
),

judged AS (
    SELECT
        cases.*,
        coalesce(cases.is_confidential, false) AS is_hidden,
        coalesce(
            cases.received_date, CAST(timezone('Europe/London', cases.created_at) AS DATE), cases.report_date
        ) AS begun_date,
        coalesce(cases.case_status, CASE WHEN cases.is_open THEN 'Open' ELSE 'Closed' END) AS words,
        CASE WHEN cases.is_open AND stages.ended_date IS NULL THEN stages.due_date END AS stage_due_date,
        CASE
            WHEN NOT cases.is_open OR stages.target_status IS NULL THEN 'NORMAL'
            WHEN stages.target_status = 'met' THEN 'GREEN'
            WHEN stages.ended_date IS NOT NULL OR stages.target_status = 'none' THEN 'NORMAL'
            WHEN stages.target_status = 'breached' THEN 'RED'
            WHEN stages.working_days_left <= 2 THEN 'ORANGE'
            ELSE 'GREEN'
        END AS urgency
    FROM marts.cases_current AS cases
    LEFT JOIN stages ON cases.case_id = stages.case_id
    WHERE cases.customer_id IS NOT NULL
)

SELECT
    judged.customer_id,
    CAST(judged.case_id AS VARCHAR) AS document_number,
    timezone('Europe/London', CAST(judged.begun_date AS TIMESTAMP)) AS document_at,
    replace($case_url, '{case_id}', CAST(judged.case_id AS VARCHAR)) AS external_url,
    CASE
        WHEN judged.is_hidden THEN 'Confidential'
        WHEN judged.urgency = 'RED' AND NOT contains(lower(judged.words), 'overdue')
            THEN judged.words || ', overdue'
        WHEN judged.urgency = 'ORANGE' THEN judged.words || ', due soon'
        ELSE judged.words
    END AS status,
    CASE WHEN judged.is_hidden THEN 'NORMAL' ELSE judged.urgency END AS colour,
    CASE WHEN NOT judged.is_hidden THEN judged.last_updated_at END AS status_at,
    CASE WHEN NOT judged.is_hidden THEN agreed.agreed_gbp END AS amount,
    CASE WHEN NOT judged.is_hidden AND agreed.agreed_gbp IS NOT NULL THEN 'GBP' END AS currency,
    CASE WHEN judged.is_hidden THEN 'Only named officers may open this case' ELSE judged.case_type END AS case_type,
    CASE WHEN NOT judged.is_hidden THEN subjects.subject END AS subject,
    CASE WHEN NOT judged.is_hidden THEN judged.team END AS team,
    CASE WHEN NOT judged.is_hidden THEN judged.current_stage END AS current_stage,
    CASE WHEN NOT judged.is_hidden THEN judged.stage_due_date END AS due_date,
    CASE
        WHEN NOT judged.is_hidden
            THEN concat_ws(', ', letters.correspondence_type, strftime(letters.sent_date, '%-d %b %Y'))
    END AS last_letter,
    CASE WHEN NOT judged.is_hidden THEN judged.current_outcome END AS current_outcome,
    CASE WHEN NOT judged.is_hidden THEN judged.closed_date END AS closed_date,
    CASE
        WHEN judged.is_hidden THEN 1000000
        WHEN judged.is_open THEN coalesce(judged.stage_due_date - DATE '1970-01-01', 999999)
        ELSE 2000000 - (judged.closed_date - DATE '1970-01-01')
    END AS position
FROM judged
LEFT JOIN subjects ON judged.case_id = subjects.case_id
LEFT JOIN letters ON judged.case_id = letters.case_id
LEFT JOIN agreed ON judged.case_id = agreed.case_id
QUALIFY row_number() OVER (PARTITION BY judged.customer_id ORDER BY position, judged.case_id DESC) <= 20
