--
-- PostgreSQL database dump
--

\restrict S4lee0mAld0ssyqsbteNGOjj9PVQH1m7ehrdBLodsfdEqe7FZmUukahgwKuH9br

-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.6 (Debian 18.6-3)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: app; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA app;


ALTER SCHEMA app OWNER TO postgres;

--
-- Name: SCHEMA app; Type: COMMENT; Schema: -; Owner: postgres
--

COMMENT ON SCHEMA app IS 'semicolon; quote '' and $tag$';


--
-- Name: german; Type: COLLATION; Schema: app; Owner: postgres
--

CREATE COLLATION app.german (provider = icu, locale = 'de');


ALTER COLLATION app.german OWNER TO postgres;

--
-- Name: mood; Type: TYPE; Schema: app; Owner: postgres
--

CREATE TYPE app.mood AS ENUM (
    'sad',
    'o''k',
    'ha;ppy'
);


ALTER TYPE app.mood OWNER TO postgres;

--
-- Name: pair; Type: TYPE; Schema: app; Owner: postgres
--

CREATE TYPE app.pair AS (
	a integer,
	"b;c" text
);


ALTER TYPE app.pair OWNER TO postgres;

--
-- Name: positive; Type: DOMAIN; Schema: app; Owner: postgres
--

CREATE DOMAIN app.positive AS integer DEFAULT 1
	CONSTRAINT above CHECK ((VALUE > 0));


ALTER DOMAIN app.positive OWNER TO postgres;

--
-- Name: span; Type: TYPE; Schema: app; Owner: postgres
--

CREATE TYPE app.span AS RANGE (
    subtype = double precision,
    multirange_type_name = app.span_multirange,
    subtype_diff = float8mi
);


ALTER TYPE app.span OWNER TO postgres;

--
-- Name: CAST (app.pair AS text); Type: CAST; Schema: -; Owner: -
--

CREATE CAST (app.pair AS text) WITH INOUT AS ASSIGNMENT;


SET default_tablespace = '';

--
-- Name: parted; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.parted (
    id integer NOT NULL,
    x integer
)
PARTITION BY LIST (x);


ALTER TABLE app.parted OWNER TO postgres;

--
-- Name: merged(); Type: FUNCTION; Schema: app; Owner: postgres
--

CREATE FUNCTION app.merged() RETURNS SETOF integer
    LANGUAGE sql
    BEGIN ATOMIC
 MERGE INTO app.parted f
    USING ( VALUES (1)) v(x)
    ON (f.x = v.x)
    WHEN MATCHED
     THEN DO NOTHING
    WHEN NOT MATCHED BY SOURCE
     THEN DELETE
    WHEN NOT MATCHED BY TARGET
     THEN INSERT (x)
      VALUES (v.x)
   RETURNING f.x;
END;


ALTER FUNCTION app.merged() OWNER TO postgres;

--
-- Name: rows(); Type: FUNCTION; Schema: app; Owner: postgres
--

CREATE FUNCTION app.rows() RETURNS TABLE(n integer, t text)
    LANGUAGE sql ROWS 3
    AS $$SELECT 1, 'a;b' UNION SELECT 2, E'\\x41'$$;


ALTER FUNCTION app.rows() OWNER TO postgres;

--
-- Name: stamp(); Type: FUNCTION; Schema: app; Owner: postgres
--

CREATE FUNCTION app.stamp() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
BEGIN -- a comment; with $$ and 'quotes
    NEW.at := coalesce(NEW.at, '2026-01-02 03:04:05+00'); /* ; */
    RETURN NEW;
END $_$;


ALTER FUNCTION app.stamp() OWNER TO postgres;

--
-- Name: twice(integer); Type: FUNCTION; Schema: app; Owner: postgres
--

CREATE FUNCTION app.twice(x integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (x IS NULL) THEN 0
             ELSE
             CASE x
                 WHEN 1 THEN 2
                 ELSE (x * 2)
             END
         END AS "case";
END;


ALTER FUNCTION app.twice(x integer) OWNER TO postgres;

--
-- Name: FUNCTION twice(x integer); Type: COMMENT; Schema: app; Owner: postgres
--

COMMENT ON FUNCTION app.twice(x integer) IS 'x;';


--
-- Name: work(integer); Type: PROCEDURE; Schema: app; Owner: postgres
--

CREATE PROCEDURE app.work(INOUT n integer)
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT (n + 1);
END;


ALTER PROCEDURE app.work(INOUT n integer) OWNER TO postgres;

--
-- Name: total(integer); Type: AGGREGATE; Schema: app; Owner: postgres
--

CREATE AGGREGATE app.total(integer) (
    SFUNC = int4pl,
    STYPE = integer,
    INITCOND = '0'
);


ALTER AGGREGATE app.total(integer) OWNER TO postgres;

--
-- Name: <=>; Type: OPERATOR; Schema: app; Owner: postgres
--

CREATE OPERATOR app.<=> (
    FUNCTION = int4mi,
    LEFTARG = integer,
    RIGHTARG = integer
);


ALTER OPERATOR app.<=> (integer, integer) OWNER TO postgres;

--
-- Name: words; Type: TEXT SEARCH CONFIGURATION; Schema: app; Owner: postgres
--

CREATE TEXT SEARCH CONFIGURATION app.words (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR asciiword WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR word WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR numword WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR hword_part WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR hword_asciipart WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR asciihword WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR hword WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION app.words
    ADD MAPPING FOR uint WITH simple;


ALTER TEXT SEARCH CONFIGURATION app.words OWNER TO postgres;

--
-- Name: nothing; Type: FOREIGN DATA WRAPPER; Schema: -; Owner: postgres
--

CREATE FOREIGN DATA WRAPPER nothing;


ALTER FOREIGN DATA WRAPPER nothing OWNER TO postgres;

--
-- Name: far; Type: SERVER; Schema: -; Owner: postgres
--

CREATE SERVER far FOREIGN DATA WRAPPER nothing OPTIONS (
    host 'a;b'
);


ALTER SERVER far OWNER TO postgres;

SET default_table_access_method = heap;

--
-- Name: odd"name; x; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app."odd""name; x" (
    "a;b" text,
    "from stdin" text,
    empty text
);


ALTER TABLE app."odd""name; x" OWNER TO postgres;

--
-- Name: child; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.child (
    extra text
)
INHERITS (app."odd""name; x");


ALTER TABLE app.child OWNER TO postgres;

--
-- Name: counted; Type: VIEW; Schema: app; Owner: postgres
--

CREATE VIEW app.counted AS
 WITH RECURSIVE c(n) AS (
         VALUES (1)
        UNION ALL
         SELECT (c_1.n + 1)
           FROM c c_1
          WHERE (c_1.n < 5)
        )
 SELECT n
   FROM c;


ALTER VIEW app.counted OWNER TO postgres;

--
-- Name: orders; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.orders (
    id integer NOT NULL,
    person bigint NOT NULL,
    total numeric(10,2) DEFAULT 1.5
);


ALTER TABLE app.orders OWNER TO postgres;

--
-- Name: counts; Type: MATERIALIZED VIEW; Schema: app; Owner: postgres
--

CREATE MATERIALIZED VIEW app.counts AS
 SELECT count(*) AS n
   FROM app.orders
  WITH NO DATA;


ALTER MATERIALIZED VIEW app.counts OWNER TO postgres;

--
-- Name: eighteen; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.eighteen (
    id integer NOT NULL,
    double integer GENERATED ALWAYS AS ((id * 2)),
    at daterange NOT NULL,
    late text
);


ALTER TABLE app.eighteen OWNER TO postgres;

--
-- Name: far_away; Type: FOREIGN TABLE; Schema: app; Owner: postgres
--

CREATE FOREIGN TABLE app.far_away (
    a integer
)
SERVER far
OPTIONS (
    name 'x''y'
);


ALTER FOREIGN TABLE app.far_away OWNER TO postgres;

--
-- Name: fast; Type: TABLE; Schema: app; Owner: postgres
--

CREATE UNLOGGED TABLE app.fast (
    x integer
)
WITH (fillfactor='70');


ALTER TABLE app.fast OWNER TO postgres;

--
-- Name: grouped; Type: VIEW; Schema: app; Owner: postgres
--

CREATE VIEW app.grouped AS
SELECT
    NULL::bigint AS id,
    NULL::text COLLATE pg_catalog."C" AS name,
    NULL::app.mood AS feels,
    NULL::app.positive AS size,
    NULL::app.pair[] AS pairs,
    NULL::app.span AS span,
    NULL::text AS upper,
    NULL::jsonb AS data,
    NULL::bytea AS raw,
    NULL::timestamp with time zone AS at,
    NULL::bigint AS n;


ALTER VIEW app.grouped OWNER TO postgres;

--
-- Name: invoker; Type: VIEW; Schema: app; Owner: postgres
--

CREATE VIEW app.invoker WITH (security_invoker='true') AS
 SELECT id,
    person,
    total
   FROM app.orders;


ALTER VIEW app.invoker OWNER TO postgres;

--
-- Name: json; Type: VIEW; Schema: app; Owner: postgres
--

CREATE VIEW app."json" AS
 SELECT a
   FROM JSON_TABLE(
            '[{"a": 1}]'::text, '$[*]' AS json_table_path_0
            COLUMNS (
                a integer PATH '$."a"' DEFAULT 0 ON EMPTY
            )
        ) j;


ALTER VIEW app."json" OWNER TO postgres;

--
-- Name: logs; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.logs (
    day date NOT NULL,
    line text NOT NULL
)
PARTITION BY RANGE (day);


ALTER TABLE app.logs OWNER TO postgres;

--
-- Name: logs_a; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.logs_a (
    day date CONSTRAINT logs_day_not_null NOT NULL,
    line text CONSTRAINT logs_line_not_null NOT NULL
)
PARTITION BY HASH (line);


ALTER TABLE app.logs_a OWNER TO postgres;

--
-- Name: logs_a0; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.logs_a0 (
    day date CONSTRAINT logs_day_not_null NOT NULL,
    line text CONSTRAINT logs_line_not_null NOT NULL
);


ALTER TABLE app.logs_a0 OWNER TO postgres;

--
-- Name: logs_a1; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.logs_a1 (
    day date CONSTRAINT logs_day_not_null NOT NULL,
    line text CONSTRAINT logs_line_not_null NOT NULL
);


ALTER TABLE app.logs_a1 OWNER TO postgres;

--
-- Name: logs_rest; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.logs_rest (
    day date CONSTRAINT logs_day_not_null NOT NULL,
    line text CONSTRAINT logs_line_not_null NOT NULL
);


ALTER TABLE app.logs_rest OWNER TO postgres;

--
-- Name: numbers; Type: SEQUENCE; Schema: app; Owner: postgres
--

CREATE SEQUENCE app.numbers
    START WITH 100
    INCREMENT BY 5
    NO MINVALUE
    MAXVALUE 1000
    CACHE 3
    CYCLE;


ALTER SEQUENCE app.numbers OWNER TO postgres;

--
-- Name: orders_id_seq; Type: SEQUENCE; Schema: app; Owner: postgres
--

CREATE SEQUENCE app.orders_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE app.orders_id_seq OWNER TO postgres;

--
-- Name: orders_id_seq; Type: SEQUENCE OWNED BY; Schema: app; Owner: postgres
--

ALTER SEQUENCE app.orders_id_seq OWNED BY app.orders.id;


--
-- Name: parted_1; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.parted_1 (
    id integer CONSTRAINT parted_id_not_null NOT NULL,
    x integer
);


ALTER TABLE app.parted_1 OWNER TO postgres;

--
-- Name: parted_id_seq; Type: SEQUENCE; Schema: app; Owner: postgres
--

ALTER TABLE app.parted ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME app.parted_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: people; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.people (
    id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    feels app.mood DEFAULT 'o''k'::app.mood,
    size app.positive,
    pairs app.pair[],
    span app.span,
    upper text GENERATED ALWAYS AS (upper(name)) STORED,
    data jsonb,
    raw bytea,
    at timestamp with time zone,
    CONSTRAINT "named; check" CHECK ((name <> ';'::text))
);
ALTER TABLE ONLY app.people ALTER COLUMN name SET STATISTICS 500;
ALTER TABLE ONLY app.people ALTER COLUMN raw SET STORAGE EXTERNAL;


ALTER TABLE app.people OWNER TO postgres;

--
-- Name: TABLE people; Type: COMMENT; Schema: app; Owner: postgres
--

COMMENT ON TABLE app.people IS 'It''s; a \ comment -- with
all /* of it';


--
-- Name: COLUMN people.name; Type: COMMENT; Schema: app; Owner: postgres
--

COMMENT ON COLUMN app.people.name IS '''';


--
-- Name: people_id_seq; Type: SEQUENCE; Schema: app; Owner: postgres
--

ALTER TABLE app.people ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME app.people_id_seq
    START WITH 10
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: rich; Type: VIEW; Schema: app; Owner: postgres
--

CREATE VIEW app.rich WITH (security_barrier='true') AS
 SELECT p.name,
    sum(o.total) AS total
   FROM (app.people p
     JOIN app.orders o ON ((o.person = p.id)))
  GROUP BY p.name;


ALTER VIEW app.rich OWNER TO postgres;

--
-- Name: logs_a; Type: TABLE ATTACH; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs ATTACH PARTITION app.logs_a FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');


--
-- Name: logs_a0; Type: TABLE ATTACH; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs_a ATTACH PARTITION app.logs_a0 FOR VALUES WITH (modulus 2, remainder 0);


--
-- Name: logs_a1; Type: TABLE ATTACH; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs_a ATTACH PARTITION app.logs_a1 FOR VALUES WITH (modulus 2, remainder 1);


--
-- Name: logs_rest; Type: TABLE ATTACH; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs ATTACH PARTITION app.logs_rest DEFAULT;


--
-- Name: parted_1; Type: TABLE ATTACH; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.parted ATTACH PARTITION app.parted_1 FOR VALUES IN (1);


--
-- Name: orders id; Type: DEFAULT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.orders ALTER COLUMN id SET DEFAULT nextval('app.orders_id_seq'::regclass);


--
-- Data for Name: child; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.child ("a;b", "from stdin", empty, extra) FROM stdin;
c	d	e	\\.\n\\.
\.


--
-- Data for Name: eighteen; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.eighteen (id, at, late) FROM stdin;
5	[2026-01-01,2026-02-01)	x
\.


--
-- Data for Name: fast; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.fast (x) FROM stdin;
\.


--
-- Data for Name: logs_a0; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.logs_a0 (day, line) FROM stdin;
2026-03-11	line 2
2026-05-10	line 4
\.


--
-- Data for Name: logs_a1; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.logs_a1 (day, line) FROM stdin;
2026-02-09	line 1
2026-04-10	line 3
2026-06-09	line 5
\.


--
-- Data for Name: logs_rest; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.logs_rest (day, line) FROM stdin;
2026-07-09	line 6
2026-08-08	line 7
2026-09-07	line 8
2026-10-07	line 9
2026-11-06	line 10
\.


--
-- Data for Name: odd"name; x; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app."odd""name; x" ("a;b", "from stdin", empty) FROM stdin;
x		\N
\N	\\.	COPY t FROM stdin;
\.


--
-- Data for Name: orders; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.orders (id, person, total) FROM stdin;
1	11	1.50
2	12	3.00
3	13	4.50
4	14	6.00
5	15	7.50
6	16	9.00
7	17	10.50
8	18	12.00
9	19	13.50
10	20	15.00
11	21	16.50
12	10	18.00
13	11	19.50
14	12	21.00
15	13	22.50
16	14	24.00
17	15	25.50
18	16	27.00
19	17	28.50
20	18	30.00
\.


--
-- Data for Name: parted_1; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.parted_1 (id, x) FROM stdin;
\.


--
-- Data for Name: people; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.people (id, name, feels, size, pairs, span, data, raw, at) FROM stdin;
10	p1	ha;ppy	1	{"(1,\\"\\"\\"x\\\\\\\\\\")"}	[1,1.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
11	p2	ha;ppy	2	{"(2,\\"\\"\\"x\\\\\\\\\\")"}	[2,2.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
12	p3tab\t nl\n cr\r back\\ \\. quote's; $$ -- \\N	ha;ppy	3	{"(3,\\"\\"\\"x\\\\\\\\\\")"}	[3,3.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
13	p4	ha;ppy	4	{"(4,\\"\\"\\"x\\\\\\\\\\")"}	[4,4.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
14	p5	ha;ppy	5	{"(5,\\"\\"\\"x\\\\\\\\\\")"}	[5,5.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
15	p6tab\t nl\n cr\r back\\ \\. quote's; $$ -- \\N	ha;ppy	6	{"(6,\\"\\"\\"x\\\\\\\\\\")"}	[6,6.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
16	p7	ha;ppy	7	{"(7,\\"\\"\\"x\\\\\\\\\\")"}	[7,7.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
17	p8	ha;ppy	8	{"(8,\\"\\"\\"x\\\\\\\\\\")"}	[8,8.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
18	p9tab\t nl\n cr\r back\\ \\. quote's; $$ -- \\N	ha;ppy	9	{"(9,\\"\\"\\"x\\\\\\\\\\")"}	[9,9.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
19	p10	ha;ppy	10	{"(10,\\"\\"\\"x\\\\\\\\\\")"}	[10,10.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
20	p11	ha;ppy	11	{"(11,\\"\\"\\"x\\\\\\\\\\")"}	[11,11.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
21	p12tab\t nl\n cr\r back\\ \\. quote's; $$ -- \\N	ha;ppy	12	{"(12,\\"\\"\\"x\\\\\\\\\\")"}	[12,12.5)	{"a": ";\\n"}	\\xdeadbeef	2026-01-02 03:04:05+00
22	\\.	o'k	1	\N	\N	\N	\N	2026-01-02 03:04:05+00
23	\\N	o'k	1	\N	\N	\N	\N	2026-01-02 03:04:05+00
24		o'k	1	\N	\N	\N	\N	2026-01-02 03:04:05+00
25	ü😀	o'k	1	\N	\N	\N	\N	2026-01-02 03:04:05+00
\.


--
-- Name: numbers; Type: SEQUENCE SET; Schema: app; Owner: postgres
--

SELECT pg_catalog.setval('app.numbers', 200, true);


--
-- Name: orders_id_seq; Type: SEQUENCE SET; Schema: app; Owner: postgres
--

SELECT pg_catalog.setval('app.orders_id_seq', 20, true);


--
-- Name: parted_id_seq; Type: SEQUENCE SET; Schema: app; Owner: postgres
--

SELECT pg_catalog.setval('app.parted_id_seq', 1, false);


--
-- Name: people_id_seq; Type: SEQUENCE SET; Schema: app; Owner: postgres
--

SELECT pg_catalog.setval('app.people_id_seq', 25, true);


--
-- Name: 4711; Type: BLOB METADATA; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('4711');

ALTER LARGE OBJECT 4711 OWNER TO postgres;

--
-- Name: LARGE OBJECT 4711; Type: COMMENT; Schema: -; Owner: postgres
--

COMMENT ON LARGE OBJECT 4711 IS 'large; object';


--
-- Data for Name: 4711; Type: BLOBS; Schema: -; Owner: postgres
--

BEGIN;

SELECT pg_catalog.lo_open('4711', 131072);
SELECT pg_catalog.lowrite(0, '\x0001fffe27000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006661723b2061776179');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: eighteen eighteen_key; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.eighteen
    ADD CONSTRAINT eighteen_key PRIMARY KEY (at, id);


--
-- Name: eighteen late_set; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE app.eighteen
    ADD CONSTRAINT late_set NOT NULL late NOT VALID;


--
-- Name: logs logs_pkey; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (day, line);


--
-- Name: logs_a logs_a_pkey; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs_a
    ADD CONSTRAINT logs_a_pkey PRIMARY KEY (day, line);


--
-- Name: logs_a0 logs_a0_pkey; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs_a0
    ADD CONSTRAINT logs_a0_pkey PRIMARY KEY (day, line);


--
-- Name: logs_a1 logs_a1_pkey; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs_a1
    ADD CONSTRAINT logs_a1_pkey PRIMARY KEY (day, line);


--
-- Name: logs_rest logs_rest_pkey; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.logs_rest
    ADD CONSTRAINT logs_rest_pkey PRIMARY KEY (day, line);


--
-- Name: eighteen loose; Type: CHECK CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE app.eighteen
    ADD CONSTRAINT loose CHECK ((id > 3)) NOT ENFORCED;


--
-- Name: orders orders_person_total_id_key; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.orders
    ADD CONSTRAINT orders_person_total_id_key UNIQUE (person, total) INCLUDE (id);


--
-- Name: orders orders_pkey; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);

ALTER TABLE app.people CLUSTER ON people_pkey;


--
-- Name: people people_span_excl; Type: CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.people
    ADD CONSTRAINT people_span_excl EXCLUDE USING gist (span WITH &&);


--
-- Name: counts_n; Type: INDEX; Schema: app; Owner: postgres
--

CREATE UNIQUE INDEX counts_n ON app.counts USING btree (n);


--
-- Name: orders_null; Type: INDEX; Schema: app; Owner: postgres
--

CREATE UNIQUE INDEX orders_null ON app.orders USING btree (total) NULLS NOT DISTINCT WHERE (id < 0);


--
-- Name: people_data; Type: INDEX; Schema: app; Owner: postgres
--

CREATE INDEX people_data ON app.people USING gin (data);


--
-- Name: people_name; Type: INDEX; Schema: app; Owner: postgres
--

CREATE INDEX people_name ON app.people USING btree (lower(name) text_pattern_ops, (((size)::integer + 1)) DESC NULLS LAST) WHERE (data IS NOT NULL);


--
-- Name: logs_a0_pkey; Type: INDEX ATTACH; Schema: app; Owner: postgres
--

ALTER INDEX app.logs_a_pkey ATTACH PARTITION app.logs_a0_pkey;


--
-- Name: logs_a1_pkey; Type: INDEX ATTACH; Schema: app; Owner: postgres
--

ALTER INDEX app.logs_a_pkey ATTACH PARTITION app.logs_a1_pkey;


--
-- Name: logs_a_pkey; Type: INDEX ATTACH; Schema: app; Owner: postgres
--

ALTER INDEX app.logs_pkey ATTACH PARTITION app.logs_a_pkey;


--
-- Name: logs_rest_pkey; Type: INDEX ATTACH; Schema: app; Owner: postgres
--

ALTER INDEX app.logs_pkey ATTACH PARTITION app.logs_rest_pkey;


--
-- Name: people_stat; Type: STATISTICS; Schema: app; Owner: postgres
--

CREATE STATISTICS app.people_stat (ndistinct, dependencies) ON name, size FROM app.people;


ALTER STATISTICS app.people_stat OWNER TO postgres;

--
-- Name: grouped _RETURN; Type: RULE; Schema: app; Owner: postgres
--

CREATE OR REPLACE VIEW app.grouped AS
 SELECT id,
    name,
    feels,
    size,
    pairs,
    span,
    upper,
    data,
    raw,
    at,
    count(*) OVER w AS n
   FROM app.people p
  GROUP BY id
  WINDOW w AS (PARTITION BY size);


--
-- Name: rich nothing; Type: RULE; Schema: app; Owner: postgres
--

CREATE RULE nothing AS
    ON DELETE TO app.rich DO INSTEAD NOTHING;


--
-- Name: fast several; Type: RULE; Schema: app; Owner: postgres
--

CREATE RULE several AS
    ON UPDATE TO app.fast DO ( INSERT INTO app.orders (person)
  VALUES (10);
 DELETE FROM app.fast
  WHERE (fast.x = 3);

 NOTIFY done;
);


--
-- Name: orders late; Type: TRIGGER; Schema: app; Owner: postgres
--

CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.stamp();

ALTER TABLE app.orders DISABLE TRIGGER late;


--
-- Name: people stamp; Type: TRIGGER; Schema: app; Owner: postgres
--

CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF name ON app.people FOR EACH ROW WHEN ((new.name <> ';'::text)) EXECUTE FUNCTION app.stamp('a;''b');


--
-- Name: orders orders_person_fkey; Type: FK CONSTRAINT; Schema: app; Owner: postgres
--

ALTER TABLE ONLY app.orders
    ADD CONSTRAINT orders_person_fkey FOREIGN KEY (person) REFERENCES app.people(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;


--
-- Name: people own; rows; Type: POLICY; Schema: app; Owner: postgres
--

CREATE POLICY "own; rows" ON app.people AS RESTRICTIVE FOR UPDATE USING ((name = CURRENT_USER)) WITH CHECK (true);


--
-- Name: people; Type: ROW SECURITY; Schema: app; Owner: postgres
--

ALTER TABLE app.people ENABLE ROW LEVEL SECURITY;

--
-- Name: everything; Type: PUBLICATION; Schema: -; Owner: postgres
--

CREATE PUBLICATION everything WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION everything OWNER TO postgres;

--
-- Name: part; Type: PUBLICATION; Schema: -; Owner: postgres
--

CREATE PUBLICATION part WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION part OWNER TO postgres;

--
-- Name: whole; Type: PUBLICATION; Schema: -; Owner: postgres
--

CREATE PUBLICATION whole WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION whole OWNER TO postgres;

--
-- Name: everything orders; Type: PUBLICATION TABLE; Schema: app; Owner: postgres
--

ALTER PUBLICATION everything ADD TABLE ONLY app.orders;


--
-- Name: part orders; Type: PUBLICATION TABLE; Schema: app; Owner: postgres
--

ALTER PUBLICATION part ADD TABLE ONLY app.orders (id, total) WHERE ((total > (1)::numeric));


--
-- Name: everything people; Type: PUBLICATION TABLE; Schema: app; Owner: postgres
--

ALTER PUBLICATION everything ADD TABLE ONLY app.people;


--
-- Name: whole app; Type: PUBLICATION TABLES IN SCHEMA; Schema: app; Owner: postgres
--

ALTER PUBLICATION whole ADD TABLES IN SCHEMA app;


--
-- Name: SCHEMA app; Type: ACL; Schema: -; Owner: postgres
--

GRANT USAGE ON SCHEMA app TO PUBLIC;


--
-- Name: TABLE parted; Type: ACL; Schema: app; Owner: postgres
--

GRANT SELECT ON TABLE app.parted TO pg_read_all_data;


--
-- Name: FUNCTION twice(x integer); Type: ACL; Schema: app; Owner: postgres
--

REVOKE ALL ON FUNCTION app.twice(x integer) FROM PUBLIC;


--
-- Name: TABLE eighteen; Type: ACL; Schema: app; Owner: postgres
--

GRANT SELECT ON TABLE app.eighteen TO pg_read_all_data;


--
-- Name: TABLE invoker; Type: ACL; Schema: app; Owner: postgres
--

GRANT SELECT ON TABLE app.invoker TO pg_read_all_data;


--
-- Name: TABLE "json"; Type: ACL; Schema: app; Owner: postgres
--

GRANT SELECT ON TABLE app."json" TO pg_read_all_data;


--
-- Name: TABLE parted_1; Type: ACL; Schema: app; Owner: postgres
--

GRANT SELECT ON TABLE app.parted_1 TO pg_read_all_data;


--
-- Name: COLUMN people.name; Type: ACL; Schema: app; Owner: postgres
--

GRANT SELECT(name),UPDATE(name) ON TABLE app.people TO pg_read_all_data WITH GRANT OPTION;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: app; Owner: postgres
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA app GRANT SELECT ON TABLES TO pg_read_all_data;


--
-- Name: counts; Type: MATERIALIZED VIEW DATA; Schema: app; Owner: postgres
--

REFRESH MATERIALIZED VIEW app.counts;


--
-- PostgreSQL database dump complete
--

\unrestrict S4lee0mAld0ssyqsbteNGOjj9PVQH1m7ehrdBLodsfdEqe7FZmUukahgwKuH9br

