-- Run again whenever this text changes, so the view is dropped first.

DROP VIEW IF EXISTS donation_totals;

CREATE VIEW donation_totals AS
SELECT organization_id,
       currency,
       count(*) AS donations,
       sum(amount_cents) AS total_cents,
       max(donated_at) AS last_donated_at
FROM donations
GROUP BY organization_id, currency;
