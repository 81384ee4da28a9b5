-- Depends: add_ai_usage
-- Dependencies: organizations
-- When to warn an organization and when to stop its use of AI for the rest of the month.

CREATE TABLE ai_cost_thresholds (
    organization_id text NOT NULL PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    warn_micros bigint NOT NULL CHECK (warn_micros >= 0),
    stop_micros bigint NOT NULL,
    warned_at timestamptz,
    CHECK (stop_micros >= warn_micros)
);
