-- ROLLBACK: DROP TABLE users;
CREATE TABLE users (id integer PRIMARY KEY, name text);
