DROP INDEX grants_closing_idx;
DROP INDEX grants_organization_idx;
DROP TABLE grants;
