-- People who sign in. Ids are made by the application, so that both engines store the same text.

CREATE TABLE users (
    id text NOT NULL PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text,
    is_staff boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- Nobody means two people by "Ann@example.org" and "ann@example.org".
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

-- ROLLBACK:
-- DROP INDEX users_email_key;
-- DROP TABLE users;
-- END ROLLBACK
