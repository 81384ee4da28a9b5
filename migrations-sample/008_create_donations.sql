-- Dependencies: organizations, users
-- A gift may come from somebody without an account: then only the e-mail address is known.

CREATE TABLE donations (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    user_id text REFERENCES users (id) ON DELETE SET NULL,
    donor_email text,
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    currency text NOT NULL CHECK (length(currency) = 3),
    payment_reference text NOT NULL UNIQUE,
    anonymous boolean NOT NULL DEFAULT false,
    donated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX donations_organization_idx ON donations (organization_id, donated_at);

-- repeatable/donation_totals.sql reads this table, so its view goes first.
-- ROLLBACK:
-- DROP VIEW IF EXISTS donation_totals;
-- DROP INDEX donations_organization_idx;
-- DROP TABLE donations;
-- END ROLLBACK
