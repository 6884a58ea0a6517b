-- The columns of every feed, from the contracts, and of every mart, from its header: the same facts as the
-- comments, to be searched with SQL.

-- name: create
CREATE TABLE ops.columns (
    feed VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    column_name VARCHAR NOT NULL,
    data_type VARCHAR NOT NULL,
    is_required BOOLEAN,
    privacy VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    wire_name VARCHAR
);
COMMENT ON TABLE ops.columns IS 'One row per column of every feed and every mart: the data dictionary.';
COMMENT ON COLUMN ops.columns.feed IS 'Key of the feed, such as icasework/cases, or of the mart, such as marts/cases_current.';
COMMENT ON COLUMN ops.columns.position IS 'Place of the column in its view, from 1.';
COMMENT ON COLUMN ops.columns.column_name IS 'Name of the column in the view.';
COMMENT ON COLUMN ops.columns.data_type IS 'DuckDB type of the column.';
COMMENT ON COLUMN ops.columns.is_required IS 'Whether a row without a value here is set aside; empty for marts.';
COMMENT ON COLUMN ops.columns.privacy IS 'public, personal, or special (ethnicity, faith, sexuality, disability and the like).';
COMMENT ON COLUMN ops.columns.description IS 'What the column means.';
COMMENT ON COLUMN ops.columns.wire_name IS 'Name of the field in the source''s report that it is taken from; empty for what no report has.';

-- name: fill
INSERT INTO ops.columns BY NAME FROM columns_told;
