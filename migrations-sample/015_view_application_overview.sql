-- Dependencies: grant_applications, grants, organizations
-- What a reviewer sees in the list.

CREATE VIEW application_overview AS
SELECT a.id,
       a.status,
       a.requested_cents,
       a.submitted_at,
       g.title AS grant_title,
       g.currency,
       o.name AS organization_name
FROM grant_applications a
JOIN grants g ON g.id = a.grant_id
JOIN organizations o ON o.id = a.organization_id;
