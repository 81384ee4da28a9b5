-- Dependencies: organizations, grants, grant_applications
-- updated_at follows every change, whoever makes it.

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $touch$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$touch$;

CREATE TRIGGER organizations_touch BEFORE UPDATE ON organizations
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER grants_touch BEFORE UPDATE ON grants
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER grant_applications_touch BEFORE UPDATE ON grant_applications
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
