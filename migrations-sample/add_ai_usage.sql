-- Depends: add_pricing_tables
-- Dependencies: organizations, users
-- Every call to a language model: what it was for and what it cost, in millionths of a euro.

CREATE TABLE ai_usage_events (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    user_id text REFERENCES users (id) ON DELETE SET NULL,
    feature text NOT NULL,
    model text NOT NULL,
    input_tokens bigint NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    output_tokens bigint NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    cost_micros bigint NOT NULL DEFAULT 0 CHECK (cost_micros >= 0),
    at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX ai_usage_events_organization_idx ON ai_usage_events (organization_id, at);

ALTER TABLE pricing_plans ADD COLUMN included_ai_micros bigint NOT NULL DEFAULT 0;
UPDATE pricing_plans SET included_ai_micros = 5000000 WHERE id = 'team';
UPDATE pricing_plans SET included_ai_micros = 50000000 WHERE id = 'enterprise';

-- ROLLBACK:
-- ALTER TABLE pricing_plans DROP COLUMN included_ai_micros;
-- DROP INDEX ai_usage_events_organization_idx;
-- DROP TABLE ai_usage_events;
-- END ROLLBACK
