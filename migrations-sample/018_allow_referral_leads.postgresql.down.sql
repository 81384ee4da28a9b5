-- The older rule has no word for a referral.
UPDATE leads SET source = 'website' WHERE source = 'referral';

ALTER TABLE leads DROP CONSTRAINT leads_source_check;
ALTER TABLE leads ADD CONSTRAINT leads_source_check
    CHECK (source IN ('website', 'event', 'newsletter'));
