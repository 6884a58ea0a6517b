-- The feeds that this catalogue shows, from the registry.

-- name: create
CREATE TABLE ops.feeds (
    feed VARCHAR NOT NULL,
    view_name VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    contract VARCHAR NOT NULL
);
COMMENT ON TABLE ops.feeds IS 'One row per feed: its key, its view, what one of its rows is.';
COMMENT ON COLUMN ops.feeds.feed IS 'Key of the feed, such as icasework/cases: the same in Dagster, lake and errors.';
COMMENT ON COLUMN ops.feeds.view_name IS 'The view that shows it, such as icasework.cases.';
COMMENT ON COLUMN ops.feeds.description IS 'What one row of the feed is.';
COMMENT ON COLUMN ops.feeds.contract IS 'Fingerprint of the contract as it is today; ops.receipts has the one each day was loaded under.';

-- name: fill
INSERT INTO ops.feeds BY NAME FROM feeds_told;

-- name: sources
SELECT DISTINCT split_part(feed, '/', 1) FROM ops.feeds ORDER BY ALL;
