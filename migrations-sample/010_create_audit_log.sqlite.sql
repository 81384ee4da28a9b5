-- Dependencies: users
-- Who did what, for ever: rows are added and never changed.

CREATE TABLE audit_log (
    id integer PRIMARY KEY AUTOINCREMENT,
    actor_id text REFERENCES users (id),
    action text NOT NULL,
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    details text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX audit_log_subject_idx ON audit_log (subject_type, subject_id);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only; an update is not allowed');
END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only; a delete is not allowed');
END;

-- DROP TABLE deletes the rows first, so the trigger against that goes before it.
-- ROLLBACK:
-- DROP TRIGGER audit_log_no_delete;
-- DROP TRIGGER audit_log_no_update;
-- DROP TABLE audit_log;
-- END ROLLBACK
