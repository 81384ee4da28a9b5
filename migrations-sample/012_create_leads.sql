-- Organizations that asked to be called back.

CREATE TABLE leads (
    id text NOT NULL PRIMARY KEY,
    email text NOT NULL,
    organization_name text NOT NULL,
    message text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT 'website',
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT leads_source_check CHECK (source IN ('website', 'event', 'newsletter'))
);

CREATE INDEX leads_created_idx ON leads (created_at);

-- ROLLBACK:
-- DROP INDEX leads_created_idx;
-- DROP TABLE leads;
-- END ROLLBACK
