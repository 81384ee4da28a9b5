DROP TRIGGER grant_applications_touch;
DROP TRIGGER grants_touch;
DROP TRIGGER organizations_touch;
