-- Depends: 012_create_leads

ALTER TABLE leads DROP CONSTRAINT leads_source_check;
ALTER TABLE leads ADD CONSTRAINT leads_source_check
    CHECK (source IN ('website', 'event', 'newsletter', 'referral'));
