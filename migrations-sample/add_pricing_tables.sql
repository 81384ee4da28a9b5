-- Dependencies: organizations
-- What the service costs, and who pays for what. The plans can be added again: prices set since then are kept.

CREATE TABLE pricing_plans (
    id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents >= 0),
    currency text NOT NULL DEFAULT 'EUR' CHECK (length(currency) = 3),
    billing_period text NOT NULL DEFAULT 'month' CHECK (billing_period IN ('month', 'year')),
    active boolean NOT NULL DEFAULT true
);

CREATE TABLE subscriptions (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    plan_id text NOT NULL REFERENCES pricing_plans (id),
    started_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ended_at timestamptz
);

-- One running subscription per organization; old ones stay for the books.
CREATE UNIQUE INDEX subscriptions_running_key ON subscriptions (organization_id) WHERE ended_at IS NULL;

INSERT INTO pricing_plans (id, name, price_cents) VALUES
    ('free', 'Free', 0),
    ('team', 'Team', 2900),
    ('enterprise', 'Enterprise', 19900)
ON CONFLICT (id) DO NOTHING;

-- ROLLBACK:
-- DROP INDEX subscriptions_running_key;
-- DROP TABLE subscriptions;
-- DROP TABLE pricing_plans;
-- END ROLLBACK
