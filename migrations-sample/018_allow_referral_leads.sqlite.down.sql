CREATE TABLE leads_old (
    id text NOT NULL PRIMARY KEY,
    email text NOT NULL,
    organization_name text NOT NULL,
    message text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT 'website',
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT leads_source_check CHECK (source IN ('website', 'event', 'newsletter'))
);
-- The older rule has no word for a referral.
INSERT INTO leads_old (id, email, organization_name, message, source, created_at)
    SELECT id, email, organization_name, message,
           CASE source WHEN 'referral' THEN 'website' ELSE source END, created_at
    FROM leads;
DROP TABLE leads;
ALTER TABLE leads_old RENAME TO leads;
CREATE INDEX leads_created_idx ON leads (created_at);
