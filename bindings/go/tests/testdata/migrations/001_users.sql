CREATE TABLE users (id integer PRIMARY KEY, name text);
-- ROLLBACK: DROP TABLE users;
