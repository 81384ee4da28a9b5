DROP TRIGGER grant_applications_touch ON grant_applications;
DROP TRIGGER grants_touch ON grants;
DROP TRIGGER organizations_touch ON organizations;
DROP FUNCTION touch_updated_at();
