-- ROLLBACK:
DROP VIEW IF EXISTS names;
DROP TABLE users;
-- END ROLLBACK
CREATE TABLE users (id integer PRIMARY KEY, name text);
