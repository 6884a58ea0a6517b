-- Working days of England and Wales, numbered, so that a subtraction counts them.

-- name: create
CREATE TABLE ops.calendar (
    calendar_date DATE NOT NULL,
    is_working_day BOOLEAN NOT NULL,
    working_day_number INTEGER NOT NULL,
    holiday VARCHAR
);
COMMENT ON TABLE ops.calendar IS 'One row per day from ten years before the first report day to two years after the last, whole years.';
COMMENT ON COLUMN ops.calendar.calendar_date IS 'The day.';
COMMENT ON COLUMN ops.calendar.is_working_day IS 'Monday to Friday and no bank holiday of England and Wales.';
COMMENT ON COLUMN ops.calendar.working_day_number IS 'Working days from the first day of this table up to and including the day: the difference of two is the number of working days after the first day, up to the second.';
COMMENT ON COLUMN ops.calendar.holiday IS 'Name of the bank holiday; empty on other days.';

-- name: fill
INSERT INTO ops.calendar BY NAME
SELECT
    calendar_date,
    is_working_day,
    CAST(count(*) FILTER (WHERE is_working_day) OVER (ORDER BY calendar_date) AS INTEGER) AS working_day_number,
    holiday
FROM calendar_told
ORDER BY calendar_date;
