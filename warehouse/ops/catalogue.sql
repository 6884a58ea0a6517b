-- What this catalogue was made from. A rebuild keeps rows of the previous catalogue only when both agree.

-- name: create
CREATE TABLE ops.catalogue (
    definitions VARCHAR NOT NULL,
    made_by VARCHAR NOT NULL,
    lake_dir VARCHAR NOT NULL,
    since DATE NOT NULL,
    until DATE NOT NULL
);
COMMENT ON TABLE ops.catalogue IS 'One row: what this catalogue was made from.';
COMMENT ON COLUMN ops.catalogue.definitions IS 'Digest of the SQL that makes the tables of ops.';
COMMENT ON COLUMN ops.catalogue.made_by IS 'Digest of all SQL, every contract, the settings of ops.settings and the libraries that know numbers and holidays: with another one the views would be others.';
COMMENT ON COLUMN ops.catalogue.lake_dir IS 'The data directory whose lake the views read.';
COMMENT ON COLUMN ops.catalogue.since IS 'First report day that every feed should have.';
COMMENT ON COLUMN ops.catalogue.until IS 'Last report day that every feed should have.';

-- name: fill
INSERT INTO ops.catalogue VALUES ($definitions, $made_by, $lake_dir, $since, $until);

-- name: matches_previous
SELECT count(*) = 1 FROM previous.ops.catalogue
WHERE definitions = $definitions AND lake_dir = $lake_dir;

-- name: is_current
SELECT count(*) = 1 FROM ops.catalogue
WHERE made_by = $made_by AND lake_dir = $lake_dir AND since = $since AND until = $until;
