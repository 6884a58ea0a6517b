-- Cases that are due to be raised in Tascomi, each with the template that says what is sent. This rule is the
-- council's own: edit it, rebuild, and look at `casehouse outbound plan` before anything is sent. A case is
-- raised once, however often it is listed; one that leaves the list before it was raised is not raised. Two
-- rows of one case and template that differ are refused: a join that finds several places must choose one. Rows
-- with a template of kind update change a request that was raised, whenever what they tell has changed. More
-- columns may be added at the end: templates name them as due.COLUMN.
--
-- case_id = icasework.cases.case_id
-- template [public]: Template in CASEHOUSE_OUTBOUND_TEMPLATES, its file's name without .toml.
-- location_uprn [personal]: Number of the property it is about; Tascomi takes no other address.
-- location_usrn [personal]: Number of the street it is about, where no property is known.
SELECT
    case_id,
    CASE WHEN form_type = 'Fly-tipping report' THEN 'fly_tipping' ELSE 'noise' END AS template,
    CAST(NULL AS VARCHAR) AS location_uprn, -- iCasework's report has neither; join your own table of places
    CAST(NULL AS VARCHAR) AS location_usrn
FROM marts.cases_current
WHERE
    is_open
    AND is_confidential IS NOT TRUE
    AND (form_type = 'Fly-tipping report' OR contains(lower(case_label), 'noise'));
