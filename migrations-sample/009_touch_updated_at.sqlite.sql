-- Dependencies: organizations, grants, grant_applications
-- updated_at follows every change, whoever makes it. An update that sets it by hand is left alone.

CREATE TRIGGER organizations_touch AFTER UPDATE ON organizations
FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at AND NEW.updated_at <> CURRENT_TIMESTAMP
BEGIN
    UPDATE organizations SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;

CREATE TRIGGER grants_touch AFTER UPDATE ON grants
FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at AND NEW.updated_at <> CURRENT_TIMESTAMP
BEGIN
    UPDATE grants SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;

CREATE TRIGGER grant_applications_touch AFTER UPDATE ON grant_applications
FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at AND NEW.updated_at <> CURRENT_TIMESTAMP
BEGIN
    UPDATE grant_applications SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;
