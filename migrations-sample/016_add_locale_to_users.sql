-- Depends: 001_create_users

ALTER TABLE users ADD COLUMN locale text NOT NULL DEFAULT 'en';

-- ROLLBACK: ALTER TABLE users DROP COLUMN locale;
