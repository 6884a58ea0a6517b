-- What the completeness page asks: every feed and day that is expected, with its receipt and its last failure.
-- No value of a row is asked for; of the answer's digest, as many digits as tell answers apart.

-- name: span
SELECT since, until FROM ops.catalogue

-- name: cells
SELECT
    days.feed,
    days.report_date,
    days.status,
    receipts.origin,
    receipts.window_from,
    receipts.window_until,
    receipts.source_total,
    days.rows_good,
    days.rows_quarantined,
    left(receipts.body_sha256, 12) AS body,
    receipts.contract,
    receipts.version,
    failures.kind,
    failures.message,
    failures.attempted_at
FROM ops.completeness AS days
LEFT JOIN ops.receipts AS receipts USING (feed, report_date)
LEFT JOIN ops.failures AS failures USING (feed, report_date)
ORDER BY days.feed, days.report_date
