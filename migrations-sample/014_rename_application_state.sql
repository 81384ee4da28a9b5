-- migrate: breaking
-- Depends: 006_create_grant_applications
-- The API has always said "status". Builds that still read "state" must not start on this schema.

ALTER TABLE grant_applications RENAME COLUMN state TO status;

-- ROLLBACK: ALTER TABLE grant_applications RENAME COLUMN status TO state;
