-- What a council set that the marts go by. A value reaches SQL as a row here.

-- name: create
CREATE TABLE ops.settings (
    contact_window_days INTEGER NOT NULL
);
COMMENT ON TABLE ops.settings IS 'One row: the settings that the marts go by.';
COMMENT ON COLUMN ops.settings.contact_window_days IS 'Days after which a call no longer meets a closed case and is no longer a repeat: CASEHOUSE_CONTACT_WINDOW_DAYS.';

-- name: fill
INSERT INTO ops.settings VALUES ($contact_window_days);
