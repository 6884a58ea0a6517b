-- What proves the days that an export is made from.

-- name: days
SELECT
    asked.feed,
    asked.report_date,
    coalesce(receipts.status, completeness.status, 'missing') AS status,
    receipts.origin,
    receipts.source_total,
    receipts.rows_good,
    receipts.rows_quarantined,
    receipts.body_sha256,
    receipts.seal,
    receipts.contract,
    receipts.version
FROM (
    SELECT
        unnest($feeds) AS feed,
        CAST(days.report_date AS DATE) AS report_date
    FROM (
        SELECT unnest(generate_series(CAST($first AS DATE), CAST($last AS DATE), INTERVAL 1 DAY)) AS report_date
    ) AS days
) AS asked
LEFT JOIN ops.receipts AS receipts USING (feed, report_date)
LEFT JOIN ops.completeness AS completeness USING (feed, report_date)
ORDER BY asked.feed, asked.report_date;

-- name: controls
SELECT feed, report_date, title, value
FROM ops.controls
WHERE list_contains($feeds, feed) AND report_date BETWEEN $first AND $last
ORDER BY ALL;
