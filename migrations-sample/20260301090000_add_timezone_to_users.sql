-- Depends: 016_add_locale_to_users
-- Reminders go out in the morning of whoever reads them. Who writes German lives in Berlin, until told otherwise.

ALTER TABLE users ADD COLUMN timezone text NOT NULL DEFAULT 'UTC';
UPDATE users SET timezone = 'Europe/Berlin' WHERE locale = 'de';

-- ROLLBACK:
-- ALTER TABLE users DROP COLUMN timezone;
-- END ROLLBACK
