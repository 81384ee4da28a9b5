-- Dependencies: organizations
-- Money that a foundation offers. Amounts are whole cents: no rounding anywhere.

CREATE TABLE grants (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    currency text NOT NULL DEFAULT 'EUR' CHECK (length(currency) = 3),
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CHECK (closes_at > opens_at)
);

CREATE INDEX grants_organization_idx ON grants (organization_id);
CREATE INDEX grants_closing_idx ON grants (closes_at);
