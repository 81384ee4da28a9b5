CREATE TABLE orders (id integer PRIMARY KEY);
-- ROLLBACK: DROP TABLE orders;
