-- Depends: 012_create_leads
-- SQLite cannot change a CHECK: the table is built anew and its rows move over.

CREATE TABLE leads_new (
    id text NOT NULL PRIMARY KEY,
    email text NOT NULL,
    organization_name text NOT NULL,
    message text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT 'website',
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT leads_source_check CHECK (source IN ('website', 'event', 'newsletter', 'referral'))
);
INSERT INTO leads_new (id, email, organization_name, message, source, created_at)
    SELECT id, email, organization_name, message, source, created_at FROM leads;
DROP TABLE leads;
ALTER TABLE leads_new RENAME TO leads;
CREATE INDEX leads_created_idx ON leads (created_at);
