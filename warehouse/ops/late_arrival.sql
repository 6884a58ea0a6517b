-- How late rows come, feed by feed, and how far a night must look back to catch nearly all of them.

-- name: create
CREATE TABLE ops.late_arrival (
    feed VARCHAR NOT NULL,
    rows_all BIGINT NOT NULL,
    rows_late BIGINT NOT NULL,
    days_half INTEGER,
    days_9_of_10 INTEGER,
    days_99_of_100 INTEGER,
    days_most INTEGER,
    look_back_days INTEGER NOT NULL,
    rows_changed BIGINT NOT NULL,
    look_back_days_for_changes INTEGER NOT NULL
);
COMMENT ON TABLE ops.late_arrival IS 'One row per feed: how late rows come that a day did not have when it was first loaded. It knows only what was seen: rows later than any look-back are in no figure, and days that were first loaded late count as if they had come in time.';
COMMENT ON COLUMN ops.late_arrival.feed IS 'Key of the feed, such as icasework/cases.';
COMMENT ON COLUMN ops.late_arrival.rows_all IS 'Good rows of all days.';
COMMENT ON COLUMN ops.late_arrival.rows_late IS 'Rows that a day got when it was asked for again.';
COMMENT ON COLUMN ops.late_arrival.days_half IS 'Look-back, in days, that catches half of the late rows; empty while there are none.';
COMMENT ON COLUMN ops.late_arrival.days_9_of_10 IS 'Look-back that catches nine in ten of them.';
COMMENT ON COLUMN ops.late_arrival.days_99_of_100 IS 'Look-back that catches ninety-nine in a hundred of them.';
COMMENT ON COLUMN ops.late_arrival.days_most IS 'Look-back that catches all of them.';
COMMENT ON COLUMN ops.late_arrival.look_back_days IS 'Look-back after which a day has 99.9 % of its rows: what CASEHOUSE_LOOK_BACK_DAYS should be at least. 0 where yesterday''s load has them.';
COMMENT ON COLUMN ops.late_arrival.rows_changed IS 'Rows that were told otherwise when their day was asked for again, each time counted.';
COMMENT ON COLUMN ops.late_arrival.look_back_days_for_changes IS 'Look-back after which 99.9 % of all rows are as they stay.';

-- name: fill
INSERT INTO ops.late_arrival BY NAME
WITH loaded AS (
    SELECT feed, sum(rows_good) AS good FROM ops.receipts GROUP BY feed
),
seen AS (
    SELECT feed, days_after, sum(rows_added) AS added, sum(rows_changed) AS changed
    FROM ops.revised_days
    WHERE NOT is_held_back AND NOT is_derived_again
    GROUP BY feed, days_after
),
so_far AS (
    SELECT
        feed,
        days_after,
        sum(added) OVER up_to AS added,
        sum(changed) OVER up_to AS changed,
        sum(added) OVER (PARTITION BY feed) AS all_added,
        sum(changed) OVER (PARTITION BY feed) AS all_changed
    FROM seen
    WINDOW up_to AS (PARTITION BY feed ORDER BY days_after)
)
SELECT
    feeds.feed,
    coalesce(any_value(loaded.good), 0) AS rows_all,
    coalesce(any_value(so_far.all_added), 0) AS rows_late,
    min(days_after) FILTER (all_added > 0 AND added >= 0.5 * all_added) AS days_half,
    min(days_after) FILTER (all_added > 0 AND added >= 0.9 * all_added) AS days_9_of_10,
    min(days_after) FILTER (all_added > 0 AND added >= 0.99 * all_added) AS days_99_of_100,
    min(days_after) FILTER (all_added > 0 AND added = all_added) AS days_most,
    CASE
        WHEN coalesce(any_value(all_added), 0) <= 0.001 * coalesce(any_value(good), 0) THEN 0
        ELSE min(days_after) FILTER (all_added - added <= 0.001 * coalesce(good, 0))
    END AS look_back_days,
    coalesce(any_value(all_changed), 0) AS rows_changed,
    CASE
        WHEN coalesce(any_value(all_changed), 0) <= 0.001 * coalesce(any_value(good), 0) THEN 0
        ELSE min(days_after) FILTER (all_changed - changed <= 0.001 * coalesce(good, 0))
    END AS look_back_days_for_changes
FROM ops.feeds AS feeds
LEFT JOIN loaded USING (feed)
LEFT JOIN so_far USING (feed)
GROUP BY feeds.feed
ORDER BY feeds.feed;
