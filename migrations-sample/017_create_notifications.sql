-- Dependencies: users

CREATE TABLE notifications (
    id text NOT NULL PRIMARY KEY,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    channel text NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'web')),
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    sent_at timestamptz,
    read_at timestamptz
);

CREATE INDEX notifications_unsent_idx ON notifications (created_at) WHERE sent_at IS NULL;

-- ROLLBACK:
-- DROP INDEX notifications_unsent_idx;
-- DROP TABLE notifications;
-- END ROLLBACK
