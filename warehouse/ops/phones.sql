-- Telephone numbers as people and systems write them, and their one international form, so that SQL can compare
-- them. The feeds' columns that hold numbers are listed in pipelines/warehouse/phones.py.

-- name: create
CREATE TABLE ops.phones (
    written VARCHAR NOT NULL,
    e164 VARCHAR,
    read_by VARCHAR NOT NULL
);
COMMENT ON TABLE ops.phones IS 'One row per way in which a number is written in any feed. Personal data.';
COMMENT ON COLUMN ops.phones.written IS 'The number as the feed writes it. Privacy: personal.';
COMMENT ON COLUMN ops.phones.e164 IS 'The number in international form, such as +442079460123; empty where it is none, such as an extension or Anonymous. Privacy: personal.';
COMMENT ON COLUMN ops.phones.read_by IS 'The library and its version that read it. Privacy: public.';

-- name: written
SELECT {{column}} AS written FROM {{view}}

-- name: gather
CREATE TEMP TABLE phones_written AS
SELECT DISTINCT written FROM ({{columns}}) WHERE written IS NOT NULL;

-- name: keep
INSERT INTO ops.phones
FROM previous.ops.phones SEMI JOIN phones_written USING (written)
WHERE read_by = $read_by;

-- name: unread
SELECT written FROM phones_written ANTI JOIN ops.phones USING (written) ORDER BY written;

-- name: fill
INSERT INTO ops.phones BY NAME FROM phones_read;
