-- SPDX-License-Identifier: MIT
-- A small database with one of everything that pg_dump writes, for psql; see make.sh.
\set ON_ERROR_STOP on
SELECT current_setting('server_version_num')::int >= 150000 AS v15, current_setting('server_version_num')::int >= 170000 AS v17,
    current_setting('server_version_num')::int >= 180000 AS v18 \gset
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'semicolon; quote '' and $tag$';
CREATE COLLATION app.german (provider = icu, locale = 'de');
CREATE TYPE app.mood AS ENUM ('sad', 'o''k', 'ha;ppy');
CREATE TYPE app.pair AS (a integer, "b;c" text);
CREATE TYPE app.span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN app.positive AS integer DEFAULT 1 CONSTRAINT above CHECK (VALUE > 0);
CREATE SEQUENCE app.numbers INCREMENT BY 5 START WITH 100 CACHE 3 CYCLE MAXVALUE 1000;
CREATE FUNCTION app.twice(x integer) RETURNS integer LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC SELECT CASE WHEN x IS NULL THEN 0 ELSE CASE x WHEN 1 THEN 2 ELSE x * 2 END END; END;
CREATE PROCEDURE app.work(INOUT n integer) LANGUAGE sql BEGIN ATOMIC SELECT n + 1; END;
CREATE FUNCTION app.stamp() RETURNS trigger LANGUAGE plpgsql AS $_$
BEGIN -- a comment; with $$ and 'quotes
    NEW.at := coalesce(NEW.at, '2026-01-02 03:04:05+00'); /* ; */
    RETURN NEW;
END $_$;
CREATE FUNCTION app.rows() RETURNS TABLE (n integer, t text) LANGUAGE sql ROWS 3 AS 'SELECT 1, ''a;b'' UNION SELECT 2, E''\\x41''';
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE OPERATOR app.<=> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4mi);
CREATE CAST (app.pair AS text) WITH INOUT AS ASSIGNMENT;
CREATE TABLE app.people (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10) PRIMARY KEY,
    name text NOT NULL COLLATE "C", feels app.mood DEFAULT 'o''k', size app.positive, pairs app.pair[], span app.span,
    upper text GENERATED ALWAYS AS (upper(name)) STORED, data jsonb, raw bytea, at timestamptz,
    CONSTRAINT "named; check" CHECK (name <> ';'), EXCLUDE USING gist (span WITH &&)
);
CREATE TABLE app.orders (
    id serial PRIMARY KEY, person bigint NOT NULL REFERENCES app.people ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    total numeric(10, 2) DEFAULT 1.5, UNIQUE (person, total) INCLUDE (id)
);
CREATE TABLE app."odd""name; x" ("a;b" text, "from stdin" text, empty text);
CREATE TABLE app.logs (day date NOT NULL, line text, PRIMARY KEY (day, line)) PARTITION BY RANGE (day);
CREATE TABLE app.logs_a PARTITION OF app.logs FOR VALUES FROM ('2026-01-01') TO ('2026-07-01') PARTITION BY HASH (line);
CREATE TABLE app.logs_a0 PARTITION OF app.logs_a FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE app.logs_a1 PARTITION OF app.logs_a FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE app.logs_rest PARTITION OF app.logs DEFAULT;
CREATE TABLE app.child (extra text) INHERITS (app."odd""name; x");
CREATE UNLOGGED TABLE app.fast (x integer) WITH (fillfactor = 70);
CREATE INDEX people_name ON app.people (lower(name) text_pattern_ops, (size + 1) DESC NULLS LAST) WHERE data IS NOT NULL;
CREATE INDEX people_data ON app.people USING gin (data);
ALTER TABLE app.people CLUSTER ON people_pkey, ALTER name SET STATISTICS 500, ALTER raw SET STORAGE EXTERNAL;
CREATE STATISTICS app.people_stat (ndistinct, dependencies) ON name, size FROM app.people;
CREATE VIEW app.rich WITH (security_barrier) AS SELECT p.name, sum(o.total) AS total FROM app.people p
    JOIN app.orders o ON o.person = p.id GROUP BY p.name;
CREATE VIEW app.grouped AS SELECT p.*, count(*) OVER w AS n FROM app.people p GROUP BY p.id WINDOW w AS (PARTITION BY p.size);
CREATE VIEW app.counted AS WITH RECURSIVE c (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c;
CREATE MATERIALIZED VIEW app.counts AS SELECT count(*) AS n FROM app.orders;
CREATE UNIQUE INDEX counts_n ON app.counts (n);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF name ON app.people FOR EACH ROW WHEN (NEW.name <> ';') EXECUTE FUNCTION app.stamp('a;''b');
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.stamp();
ALTER TABLE app.orders DISABLE TRIGGER late;
CREATE RULE several AS ON UPDATE TO app.fast DO ALSO (INSERT INTO app.orders (person) VALUES (10); DELETE FROM app.fast WHERE x = 3; NOTIFY done);
CREATE RULE nothing AS ON DELETE TO app.rich DO INSTEAD NOTHING;
ALTER TABLE app.people ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own; rows" ON app.people AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (name = current_user) WITH CHECK (true);
CREATE PUBLICATION everything FOR TABLE app.people, app.orders;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER far FOREIGN DATA WRAPPER nothing OPTIONS (host 'a;b');
CREATE FOREIGN TABLE app.far_away (a integer) SERVER far OPTIONS (name 'x''y');
CREATE TEXT SEARCH CONFIGURATION app.words (COPY = simple);
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO pg_read_all_data;
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT SELECT (name), UPDATE (name) ON app.people TO pg_read_all_data WITH GRANT OPTION;
REVOKE ALL ON FUNCTION app.twice(integer) FROM PUBLIC;
COMMENT ON TABLE app.people IS E'It''s; a \\ comment -- with\nall /* of it';
COMMENT ON COLUMN app.people.name IS $$'$$;
COMMENT ON FUNCTION app.twice(integer) IS 'x;';
INSERT INTO app.people (name, feels, size, pairs, span, data, raw)
    SELECT 'p' || i || CASE WHEN i % 3 = 0 THEN E'tab\t nl\n cr\r back\\ \\. quote''s; $$ -- \\N' ELSE '' END, 'ha;ppy', i,
        ARRAY[ROW(i, E'"x\\')]::app.pair[], app.span(i, i + 0.5), '{"a": ";\n"}', '\xdeadbeef' FROM generate_series(1, 12) i;
INSERT INTO app.people (name) VALUES (E'\\.'), (E'\\N'), (''), (E'\u00fc\U0001F600');
INSERT INTO app.orders (person, total) SELECT 10 + i % 12, i * 1.5 FROM generate_series(1, 20) i;
INSERT INTO app.logs SELECT '2026-01-10'::date + i * 30, 'line ' || i FROM generate_series(1, 10) i;
INSERT INTO app."odd""name; x" VALUES ('x', '', NULL), (NULL, E'\\.', 'COPY t FROM stdin;');
INSERT INTO app.child VALUES ('c', 'd', 'e', E'\\.\n\\.');
REFRESH MATERIALIZED VIEW app.counts;
SELECT setval('app.numbers', 200), lo_from_bytea(4711, '\x0001fffe27'), lo_put(4711, 3000, 'far; away');
COMMENT ON LARGE OBJECT 4711 IS 'large; object';
\if :v15
CREATE UNIQUE INDEX orders_null ON app.orders (total) NULLS NOT DISTINCT WHERE id < 0;
CREATE VIEW app.invoker WITH (security_invoker) AS SELECT * FROM app.orders;
CREATE PUBLICATION part FOR TABLE app.orders (id, total) WHERE (total > 1);
CREATE PUBLICATION whole FOR TABLES IN SCHEMA app;
\endif
\if :v17
CREATE TABLE app.parted (id integer GENERATED ALWAYS AS IDENTITY, x integer) PARTITION BY LIST (x);
CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES IN (1);
CREATE VIEW app.json AS SELECT j.a FROM JSON_TABLE('[{"a": 1}]', '$[*]' COLUMNS (a integer PATH '$.a' DEFAULT 0 ON EMPTY)) j;
CREATE FUNCTION app.merged() RETURNS SETOF integer LANGUAGE sql BEGIN ATOMIC
    MERGE INTO app.parted f USING (VALUES (1)) v(x) ON f.x = v.x WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED BY SOURCE THEN DELETE
    WHEN NOT MATCHED BY TARGET THEN INSERT (x) VALUES (v.x) RETURNING f.x; END;
\endif
\if :v18
CREATE TABLE app.eighteen (id integer NOT NULL, double integer GENERATED ALWAYS AS (id * 2) VIRTUAL, at daterange,
    CONSTRAINT eighteen_key PRIMARY KEY (at, id), CONSTRAINT loose CHECK (id > 3) NOT ENFORCED);
ALTER TABLE app.eighteen ADD COLUMN late text, ADD CONSTRAINT late_set NOT NULL late NOT VALID;
INSERT INTO app.eighteen VALUES (5, DEFAULT, '[2026-01-01,2026-02-01)', 'x');
\endif
