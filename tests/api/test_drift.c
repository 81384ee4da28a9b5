/* SPDX-License-Identifier: MIT
 * Drift: each change by hand is named, and nothing else; its SQL restores what was, and adopts what is. By the facts that were kept, and by
 * the migrations in a scratch database. */
#include "api.h"

#include <stdio.h>
#include <string.h>

/* One of everything. */
static const char postgresql_schema[] =
    "CREATE SCHEMA app;\n"
    "CREATE TYPE mood AS ENUM ('a', 'b');\n"
    "CREATE TYPE size AS ENUM ('a', 'b');\n"
    "CREATE TYPE pair AS (a int, b text);\n"
    "CREATE DOMAIN app.email AS text CONSTRAINT has_at CHECK (VALUE ~ '@');\n"
    "CREATE TYPE span AS RANGE (subtype = float8);\n"
    "CREATE SEQUENCE counter;\n"
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    "CREATE PROCEDURE nothing() LANGUAGE sql AS '';\n"
    "CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int, initcond = '0');\n"
    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
    "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, a varchar(10) NOT NULL DEFAULT 'x' CHECK (a <> ''),\n"
    " b text, m mood DEFAULT 'a', d int, UNIQUE (n));\n"
    "CREATE INDEX t_b ON t (b);\n"
    "CREATE TABLE child (id int PRIMARY KEY, whose int CONSTRAINT child_t REFERENCES t (n), note text);\n"
    "CREATE TABLE part (id int, d date) PARTITION BY RANGE (d);\n"
    "CREATE INDEX part_d ON part (d);\n"
    "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');\n"
    "CREATE TABLE plain (x int, y text);\n"
    "CREATE VIEW v AS SELECT id, b FROM t;\n"
    "CREATE MATERIALIZED VIEW mv AS SELECT x FROM plain;\n"
    "CREATE TRIGGER guard BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION keep();\n"
    "CREATE RULE quiet AS ON DELETE TO plain DO INSTEAD NOTHING;\n"
    "CREATE POLICY pol ON t FOR SELECT USING (n > 1);\n"
    "CREATE STATISTICS st ON a, b FROM t;\n"
    "COMMENT ON TABLE t IS 'the table';\n";

static const char sqlite_schema[] =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x' CHECK (a <> ''), b TEXT, d INT, UNIQUE (d));\n"
    "CREATE INDEX t_b ON t (b);\n"
    "CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id), note TEXT);\n"
    "CREATE TABLE plain (x INTEGER, y TEXT);\n"
    "CREATE TABLE strict_one (n INTEGER NOT NULL, s TEXT) STRICT;\n"
    "CREATE TABLE bare (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;\n"
    "CREATE TABLE generated (a INT, b INT AS (a * 2) STORED);\n"
    "CREATE TABLE named (n INTEGER CONSTRAINT high CHECK (n > 0));\n"
    "CREATE VIRTUAL TABLE pages USING fts5 (body);\n"
    "CREATE VIEW v AS SELECT id, b FROM t;\n"
    "CREATE TRIGGER guard AFTER INSERT ON t BEGIN UPDATE plain SET x = 1; END;\n";

struct change {
    const char *sql;   /* what somebody did by hand */
    const char *named; /* rows: "difference kind ident", separated by a slash */
    const char *undo;  /* where drift may say that no statement takes it back; NULL: one has to */
};

static const struct change postgresql_changes[] = {
    /* first: what others bring back is known by another key from then on */
    {"ALTER TABLE plain RENAME y TO why", "renamed column public.plain.why", NULL},
    {"ALTER TABLE t RENAME a TO aa", "renamed column public.t.aa", NULL},
    {"ALTER TABLE t RENAME TO tt", "renamed table public.tt", NULL},
    {"ALTER TABLE t RENAME TO tt; ALTER TABLE tt ALTER b SET NOT NULL", "added column not null public.tt.b/renamed table public.tt", NULL},
    {"ALTER INDEX t_b RENAME TO t_bb", "renamed index public.t_bb", NULL},
    {"ALTER TABLE child RENAME CONSTRAINT child_t TO child_tt", "renamed constraint public.child.child_tt", NULL},
    {"ALTER TYPE mood RENAME TO moods", "renamed enum public.moods", NULL},
    {"ALTER FUNCTION one() RENAME TO uno", "renamed function public.uno()", NULL},
    {"ALTER SCHEMA app RENAME TO application", "renamed schema application", NULL},
    {"ALTER TABLE plain SET SCHEMA app", "renamed table app.plain", NULL},
    {"CREATE SCHEMA extra", "added schema extra", NULL},
    {"ALTER TYPE size ADD VALUE 'c'", "changed enum public.size", "DROP TYPE size; CREATE TYPE size AS ENUM ('a', 'b')"},
    {"ALTER TYPE mood ADD VALUE 'c'", "changed enum public.mood",
     "ALTER TABLE t ALTER m DROP DEFAULT, ALTER m TYPE text; DROP TYPE mood; CREATE TYPE mood AS ENUM ('a', 'b'); "
     "ALTER TABLE t ALTER m TYPE mood USING m::mood, ALTER m SET DEFAULT 'a'"},
    {"CREATE TYPE fresh AS ENUM ('x')", "added enum public.fresh", NULL},
    {"ALTER TYPE pair ADD ATTRIBUTE c int", "added attribute public.pair.c", NULL},
    {"ALTER DOMAIN app.email SET NOT NULL", "added domain not null app.email", NULL},
    {"ALTER DOMAIN app.email DROP CONSTRAINT has_at", "removed domain constraint app.email.has_at", NULL},
    {"DROP TYPE span", "removed range public.span", NULL},
    {"ALTER SEQUENCE counter INCREMENT 5", "changed sequence public.counter", NULL},
    {"CREATE SEQUENCE other", "added sequence public.other", NULL},
    {"ALTER SEQUENCE t_n_seq OWNED BY NONE", "removed sequence owner public.t_n_seq", NULL},
    {"CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'", "changed function public.one()", NULL},
    {"DROP PROCEDURE nothing()", "removed procedure public.nothing()", NULL},
    {"DROP AGGREGATE total(int)", "removed aggregate public.total(integer)", NULL},
    {"CREATE TABLE fresh (id int PRIMARY KEY, s text UNIQUE DEFAULT 'x'); CREATE INDEX ON fresh (s); COMMENT ON TABLE fresh IS 'x'",
     "added table public.fresh", NULL},
    {"DROP TABLE child", "removed table public.child", NULL},
    {"ALTER TABLE plain SET UNLOGGED", "added table unlogged public.plain", NULL},
    {"ALTER TABLE plain ADD z int NOT NULL DEFAULT 5", "added column public.plain.z", NULL},
    {"ALTER TABLE plain ADD z int UNIQUE", "added column public.plain.z", NULL},
    {"ALTER TABLE t DROP d", "removed column public.t.d", NULL},
    {"ALTER TABLE t ALTER a TYPE text", "changed column type public.t.a", NULL},
    {"ALTER TABLE t ALTER d TYPE bigint", "changed column type public.t.d", NULL},
    {"ALTER TABLE t ALTER a SET DEFAULT 'y'", "changed column default public.t.a", NULL},
    {"ALTER TABLE t ALTER a DROP DEFAULT", "removed column default public.t.a", NULL},
    {"ALTER TABLE t ALTER b SET NOT NULL", "added column not null public.t.b", NULL},
    {"ALTER TABLE t ALTER id SET GENERATED BY DEFAULT", "changed column identity public.t.id", NULL},
    {"ALTER TABLE t ALTER b SET STATISTICS 7", "added column statistics public.t.b", NULL},
    {"ALTER TABLE t ALTER b SET STORAGE EXTERNAL", "added column storage public.t.b", NULL},
    {"ALTER TABLE t ALTER b SET (n_distinct = 5)", "added column option public.t.b n_distinct", NULL},
    {"ALTER TABLE t ADD CONSTRAINT positive CHECK (d > 0) NOT VALID", "added constraint public.t.positive", NULL},
    {"ALTER TABLE child DROP CONSTRAINT child_t", "removed constraint public.child.child_t", NULL},
    {"ALTER TABLE child DROP CONSTRAINT child_t; ALTER TABLE child ADD CONSTRAINT child_t FOREIGN KEY (whose) REFERENCES t (n) ON DELETE CASCADE",
     "changed constraint public.child.child_t", NULL},
    {"ALTER TABLE plain ADD PRIMARY KEY (x)", "added constraint public.plain.plain_pkey", NULL},
    {"ALTER TABLE part DETACH PARTITION part1", "removed partition public.part1", NULL},
    {"CREATE INDEX t_d ON t (d) WHERE d > 1", "added index public.t_d", NULL},
    {"DROP INDEX t_b", "removed index public.t_b", NULL},
    {"ALTER TABLE t REPLICA IDENTITY FULL", "added replica identity public.t", NULL},
    {"ALTER TABLE t CLUSTER ON t_b", "added clustered public.t", NULL},
    {"CREATE OR REPLACE VIEW v AS SELECT id, upper(b) AS b FROM t", "changed view public.v", NULL},
    {"DROP MATERIALIZED VIEW mv", "removed materialized view public.mv", NULL},
    {"ALTER VIEW v ALTER b SET DEFAULT 'z'", "added view column default public.v.b", NULL},
    {"DROP TRIGGER guard ON t", "removed trigger public.t.guard", NULL},
    {"ALTER TABLE t DISABLE TRIGGER guard", "added trigger enabled public.t.guard", NULL},
    {"DROP RULE quiet ON plain", "removed rule public.plain.quiet", NULL},
    {"ALTER TABLE plain DISABLE RULE quiet", "added rule enabled public.plain.quiet", NULL},
    {"ALTER POLICY pol ON t USING (n > 2)", "changed policy public.t.pol", NULL},
    {"ALTER TABLE t ENABLE ROW LEVEL SECURITY", "added row security public.t", NULL},
    {"ALTER TABLE t FORCE ROW LEVEL SECURITY", "added row security forced public.t", NULL},
    {"ALTER TABLE t SET (fillfactor = 60)", "added table option public.t fillfactor", NULL},
    {"DROP STATISTICS st", "removed statistics public.st", NULL},
    {"COMMENT ON TABLE t IS 'another'", "changed comment TABLE public.t", NULL},
    {"COMMENT ON COLUMN t.b IS 'here'", "added comment COLUMN public.t.b", NULL},
    {"CREATE PUBLICATION pub FOR TABLE t", "added publication pub", "DROP PUBLICATION pub"},
};

static const struct change sqlite_changes[] = {
    {"CREATE TABLE fresh (id INTEGER PRIMARY KEY, s TEXT UNIQUE CHECK (s <> '')); CREATE INDEX fresh_s ON fresh (s)", "added table fresh", NULL},
    {"DROP TABLE child", "removed table child", NULL},
    {"DROP TABLE strict_one; CREATE TABLE strict_one (n INTEGER NOT NULL, s TEXT)", "changed table strict_one", NULL},
    {"DROP TABLE bare; CREATE TABLE bare (k TEXT PRIMARY KEY, v TEXT)", "changed column bare.k/changed table bare", NULL},
    {"ALTER TABLE plain ADD COLUMN z INTEGER DEFAULT 5", "added column plain.z", NULL},
    {"ALTER TABLE plain ADD COLUMN z TEXT COLLATE NOCASE", "added column plain.z", NULL},
    {"ALTER TABLE child DROP COLUMN note", "removed column child.note", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x TEXT, y TEXT)", "changed column plain.x", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER NOT NULL, y TEXT)", "changed column plain.x", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER DEFAULT 7, y TEXT)", "changed column plain.x", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER PRIMARY KEY, y TEXT)", "added primary key plain", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER, y TEXT UNIQUE)", "added unique plain (y)", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER CHECK (x > 0), y TEXT)", "added check plain CHECK (x > 0)", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER, y TEXT COLLATE NOCASE)", "changed column plain.y", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER REFERENCES t (id), y TEXT)", "added foreign key plain (x) REFERENCES t (id)", NULL},
    {"DROP TABLE child; CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER, note TEXT)", "removed foreign key child (t) REFERENCES t (id)", NULL},
    {"DROP TABLE child; CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id) ON DELETE CASCADE, note TEXT)",
     "changed foreign key child (t) REFERENCES t (id)", NULL},
    {"DROP TABLE child; CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED, note TEXT)",
     "changed foreign key child (t) REFERENCES t (id)", NULL},
    {"DROP TABLE child; CREATE TABLE child (id INTEGER PRIMARY KEY AUTOINCREMENT, t INTEGER REFERENCES t (id), note TEXT)",
     "changed primary key child", NULL},
    {"DROP TABLE generated; CREATE TABLE generated (a INT, b INT AS (a * 3) STORED)", "changed column \"generated\".b", NULL},
    {"DROP TABLE generated; CREATE TABLE generated (a INT, b INT AS (a * 2) VIRTUAL)", "changed column \"generated\".b", NULL},
    {"CREATE INDEX t_d ON t (d) WHERE d > 1", "added index t_d", NULL},
    {"CREATE UNIQUE INDEX t_lower ON t (lower(b))", "added index t_lower", NULL},
    {"DROP INDEX t_b", "removed index t_b", NULL},
    {"DROP INDEX t_b; CREATE INDEX t_b ON t (b DESC)", "changed index t_b", NULL},
    {"CREATE VIEW w AS SELECT 1 AS x", "added view w", NULL},
    {"DROP VIEW v", "removed view v", NULL},
    {"DROP VIEW v; CREATE VIEW v AS SELECT id, upper(b) AS b FROM t", "changed view v", NULL},
    {"CREATE TRIGGER more AFTER DELETE ON t BEGIN DELETE FROM plain; END", "added trigger more", NULL},
    {"DROP TRIGGER guard", "removed trigger guard", NULL},
    {"DROP TRIGGER guard; CREATE TRIGGER guard AFTER INSERT ON t BEGIN UPDATE plain SET x = 2; END", "changed trigger guard", NULL},
    {"CREATE VIRTUAL TABLE words USING fts5 (body)", "added virtual table words", NULL},
    {"ALTER TABLE plain RENAME TO simple", "added table simple/changed trigger guard/removed table plain", NULL},
    {"ALTER TABLE child RENAME COLUMN note TO remark", "added column child.remark/removed column child.note", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER, y TEXT UNIQUE ON CONFLICT IGNORE)", "added conflict plain UNIQUE (y)/added unique plain (y)",
     NULL},
    {"DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b TEXT, d INT, UNIQUE (d)); "
     "CREATE INDEX t_b ON t (b); CREATE TRIGGER guard AFTER INSERT ON t BEGIN UPDATE plain SET x = 1; END",
     "removed check t CHECK (a <> '')", NULL},
    {"DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x' CHECK (a <> ''), b TEXT, d INT); "
     "CREATE INDEX t_b ON t (b); CREATE TRIGGER guard AFTER INSERT ON t BEGIN UPDATE plain SET x = 1; END",
     "removed unique t (d)", NULL},
    {"ALTER TABLE strict_one ADD COLUMN z ANY", "added column strict_one.z", NULL},
    {"ALTER TABLE bare RENAME COLUMN v TO w", "added column bare.w/removed column bare.v", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER NOT NULL ON CONFLICT IGNORE, y TEXT)", "changed column plain.x", NULL},
    {"DROP TABLE strict_one; CREATE TABLE strict_one (n INTEGER, s TEXT) STRICT", "changed column strict_one.n", NULL},
    {"DROP TABLE named; CREATE TABLE named (n INTEGER PRIMARY KEY CONSTRAINT high CHECK (n > 0)) WITHOUT ROWID",
     "added primary key named/changed column named.n/changed table named", NULL},
    {"DROP TABLE bare; CREATE TABLE bare (k TEXT PRIMARY KEY DESC, v TEXT) WITHOUT ROWID", "changed primary key bare", NULL},
    {"DROP TABLE bare; CREATE TABLE bare (k TEXT, v TEXT, PRIMARY KEY (k, v)) WITHOUT ROWID", "changed column bare.v/changed primary key bare", NULL},
    {"DROP TABLE bare; CREATE TABLE bare (k TEXT PRIMARY KEY ON CONFLICT REPLACE, v TEXT) WITHOUT ROWID",
     "added conflict bare PRIMARY KEY (k)", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER, y TEXT, UNIQUE (y COLLATE NOCASE, x DESC))",
     "added unique plain (y COLLATE NOCASE, x DESC)", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER CONSTRAINT high CHECK (x > 0), y TEXT)", "added check plain CHECK (x > 0)", NULL},
    {"DROP TABLE child; CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id) ON UPDATE SET NULL, note TEXT)",
     "changed foreign key child (t) REFERENCES t (id)", NULL},
    {"DROP TABLE child; CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (d), note TEXT)",
     "added foreign key child (t) REFERENCES t (d)/removed foreign key child (t) REFERENCES t (id)", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER, y TEXT, FOREIGN KEY (x, y) REFERENCES plain (y, x))",
     "added foreign key plain (x, y) REFERENCES plain (y, x)", NULL},
    {"DROP TABLE \"generated\"; CREATE TABLE \"generated\" (a INT, b INT)", "changed column \"generated\".b", NULL},
    {"ALTER TABLE plain ADD COLUMN z INTEGER AS (x + 1) VIRTUAL", "added column plain.z", NULL},
    {"DROP TABLE plain; CREATE TABLE plain (x INTEGER DEFAULT (1 + 1), y TEXT)", "changed column plain.x", NULL},
    {"DROP INDEX t_b; CREATE UNIQUE INDEX t_b ON t (b)", "changed index t_b", NULL},
    {"DROP INDEX t_b; CREATE INDEX t_b ON t (b COLLATE NOCASE)", "changed index t_b", NULL},
    {"DROP INDEX t_b; CREATE INDEX t_b ON t (b) WHERE b <> ''", "changed index t_b", NULL},
    {"DROP INDEX t_b; CREATE INDEX t_b ON plain (y)", "changed index t_b", NULL},
    {"DROP VIEW v; CREATE VIEW v (one, two) AS SELECT id, b FROM t", "changed view v", NULL},
    {"CREATE TRIGGER through INSTEAD OF INSERT ON v BEGIN INSERT INTO t (id) VALUES (NEW.id); END", "added trigger through", NULL},
    {"DROP TRIGGER guard; CREATE TRIGGER guard AFTER INSERT ON t WHEN NEW.id > 1 BEGIN UPDATE plain SET x = 1; END", "changed trigger guard", NULL},
    {"DROP TRIGGER guard; CREATE TRIGGER guard BEFORE UPDATE OF a ON t BEGIN UPDATE plain SET x = 1; END", "changed trigger guard", NULL},
    {"DROP TABLE pages; CREATE VIRTUAL TABLE pages USING fts5 (body, title)", "changed virtual table pages",
     "DROP TABLE pages; CREATE VIRTUAL TABLE pages USING fts5 (body)"},
    {"DROP TABLE pages", "removed virtual table pages", NULL},
    {"CREATE TABLE copied AS SELECT * FROM t", "added table copied", NULL},
    {"DROP TABLE named; CREATE TABLE named (n INTEGER CONSTRAINT low CHECK (n > 0))", "changed check named CHECK (n > 0)", NULL},
};

/* ---- tools ---- */

static char *text_of(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    ck_assert_ptr_nonnull(copy);
    return copy;
}

static int32_t diff(void)
{
    migrate_rows *rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    int32_t code = migrate_diff(api.session, &rows, api_error());
    if (code >= 0) {
        migrate_rows_free(api.rows);
        api.rows = rows;
    }
    return code;
}

static const char *value(const char *name)
{
    const char *text = migrate_rows_value_text(api.rows, name);
    return text ? text : "";
}

static const char *cell(size_t row, const char *column)
{
    return migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, column));
}

static char *fingerprint(void)
{
    if (!api.session)
        API_OK(api_open(NULL));
    migrate_rows *rows = NULL;
    API_OK(migrate_snapshot(api.session, &rows, api_error()));
    char *text = text_of(migrate_rows_value_text(rows, "fingerprint"));
    migrate_rows_free(rows);
    return text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The rows, sorted, as in `named`. */
static char *named(void)
{
    char *all, *lines[64];
    size_t size, count = migrate_rows_count(api.rows);
    FILE *out = open_memstream(&all, &size);
    ck_assert(out && count < 64);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_gt(asprintf(&lines[i], "%s %s %s", cell(i, "difference"), cell(i, "kind"), cell(i, "ident")), 0);
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s%s", i ? "/" : "", lines[i]);
        free(lines[i]);
    }
    fclose(out);
    return all;
}

static const struct change *changes(size_t *count)
{
    *count = API_EITHER(sizeof sqlite_changes / sizeof *sqlite_changes, sizeof postgresql_changes / sizeof *postgresql_changes);
    return API_EITHER(sqlite_changes, postgresql_changes);
}

/* ---- each change ---- */

static void make(void)
{
    api_close();
    if (api.engine == API_SQLITE)
        remove(api.database);
    else
        api_sql("DROP PUBLICATION IF EXISTS pub; DROP SCHEMA IF EXISTS extra, app CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    API_OK(api_apply());
}

/* What went wrong with one of them, for a list of all; NULL: nothing. Yours. */
static char *problem_of(const char *what, const char *detail)
{
    char *text;
    ck_assert_int_gt(asprintf(&text, "%s\n%s", what, detail ? detail : ""), 0);
    return text;
}

static char *leads(const char *sql, const char *to, const char *what)
{
    const char *failed = api_try_sql(sql);
    if (failed)
        return problem_of(what, failed);
    char *now = fingerprint();
    char *problem = strcmp(now, to) == 0 ? NULL : problem_of(what, sql);
    free(now);
    return problem;
}

static char *try_sql(const struct change *change, const char *before, const char *changed)
{
    char *restore = text_of(value("restore")), *adopt = text_of(value("adopt"));
    const char *note = cell(0, "note");
    bool by_facts = strcmp(value("by"), "facts") == 0;
    bool no_way = change->undo && note && strstr(note, "restore: "), none = note && strstr(note, "adopt: ");
    const char *back = no_way ? change->undo : restore;
    char *problem = leads(back, before, "is not taken back by");
    if (!problem && diff() != MIGRATE_OK)
        problem = problem_of("leaves something behind", restore);
    if (!problem && none && !no_way)
        problem = problem_of("is not adopted", note);
    none = none || !by_facts; /* the SQL is the same: once is enough */
    if (!problem && !none)
        problem = leads(adopt, changed, "is not adopted by");
    if (!problem && !none)
        problem = leads(back, before, "is not taken back once adopted by");
    free(restore);
    free(adopt);
    return problem;
}

static char *try_change(const struct change *change, const char *before, const char *by)
{
    api_sql(change->sql);
    char *changed = fingerprint(), *problem = NULL;
    if (diff() != MIGRATE_DIFFERS) {
        problem = problem_of("is not seen", api.error ? migrate_error_message(api.error) : NULL);
    } else {
        char *rows = named();
        if (strcmp(value("by"), by) != 0)
            problem = problem_of("is found otherwise", value("by"));
        else if (strcmp(rows, change->named) != 0)
            problem = problem_of("is called", rows);
        else
            problem = try_sql(change, before, changed);
        free(rows);
    }
    free(changed);
    return problem;
}

/* Every so many of them from the first on: a scratch database for each takes its time. */
static void try_changes(const char *by, size_t first, size_t stride)
{
    size_t count, bad = 0, length;
    const struct change *all = changes(&count);
    char *before = fingerprint(), *list;
    FILE *out = open_memstream(&list, &length);
    for (size_t i = first; i < count; i += stride) {
        if (strcmp(by, "replay") == 0 && strstr(all[i].named, "renamed "))
            continue; /* it was another database */
        char *problem = try_change(&all[i], before, by);
        if (!problem)
            continue;
        fprintf(out, "\n== %s\n   %s", all[i].sql, problem);
        free(problem);
        bad++;
        make();
    }
    fclose(out);
    ck_assert_msg(bad == 0, "%zu of %zu:%s", bad, count, list);
    ck_assert_int_eq(diff(), MIGRATE_OK);
    free(before);
    free(list);
}

static void begin(const char *fingerprints, const char *facts)
{
    api_option("fingerprint", fingerprints);
    api_option("keep_facts", facts);
    api_option("generate_down", "off");
    api_file("001_all.sql", API_EITHER(sqlite_schema, postgresql_schema));
    API_OK(api_apply());
}

static void try_facts(size_t part)
{
    begin("off", "on");
    API_OK(diff());
    ck_assert_str_eq(value("by"), "fingerprint");
    try_changes("facts", part, 2);
}

static void try_replay(size_t part)
{
    begin("on", "off");
    try_changes("replay", part, 4);
}

#define PART(name, call)                                                                                     \
    START_TEST(name)                                                                                         \
    {                                                                                                        \
        call;                                                                                                \
    }                                                                                                        \
    END_TEST
PART(test_by_facts, try_facts(0))
PART(test_by_facts_too, try_facts(1))
PART(test_by_replay, try_replay(0))
PART(test_by_replay_2, try_replay(1))
PART(test_by_replay_3, try_replay(2))
PART(test_by_replay_4, try_replay(3))

/* Some by hand at once, with one that stands on what another changes. */
static const char *const together[2] = {
    "CREATE TABLE fresh (id INTEGER PRIMARY KEY, s TEXT UNIQUE); CREATE INDEX fresh_s ON fresh (s); DROP TABLE child; "
    "ALTER TABLE plain ADD COLUMN z INTEGER DEFAULT 5; DROP VIEW v; CREATE VIEW v AS SELECT id, z FROM t, plain; DROP TRIGGER guard",
    "CREATE TYPE fresh_mood AS ENUM ('x'); CREATE FUNCTION fresh_one() RETURNS fresh_mood LANGUAGE sql AS 'SELECT ''x''::fresh_mood'; "
    "CREATE TABLE fresh (id int PRIMARY KEY, m fresh_mood DEFAULT fresh_one(), s text UNIQUE); CREATE INDEX ON fresh (s); "
    "DROP TABLE child; ALTER TABLE plain ADD z int NOT NULL DEFAULT 5; DROP VIEW v; CREATE VIEW v AS SELECT id, z FROM t, plain; "
    "CREATE VIEW vv AS SELECT * FROM v; ALTER TABLE t ALTER a TYPE text; DROP TRIGGER guard ON t"};

/* What adopts, as a migration: a database that was made with it is like the one that was changed. */
START_TEST(test_adopted_elsewhere)
{
    begin("off", "on");
    char *before = fingerprint();
    api_sql(API_EITHER(together[0], together[1]));
    char *changed = fingerprint();
    ck_assert_int_eq(diff(), MIGRATE_DIFFERS);
    char *adopt = text_of(value("adopt")), *restore = text_of(value("restore"));
    api_sql(restore);
    char *now = fingerprint();
    ck_assert_msg(strcmp(now, before) == 0, "%s", restore);
    free(now);
    api_file("002_adopt.sql", adopt);
    make();
    now = fingerprint();
    ck_assert_msg(strcmp(now, changed) == 0, "%s", adopt);
    API_OK(diff());
    ck_assert_str_eq(value("by"), "fingerprint");
    free(now);
    free(adopt);
    free(restore);
    free(before);
    free(changed);
}
END_TEST

/* ---- dump and restore ---- */

static const char awkward[] =
    "CREATE TABLE words (a varchar(5) CHECK (a IN ('x', 'it''s', '(ARRAY[')), b char(3) DEFAULT 'q', c numeric(10,2)[] DEFAULT '{}',\n"
    " CHECK (b <> ALL (ARRAY['k', 'l'])), CONSTRAINT three CHECK (a = ANY (ARRAY['x', b]) OR c[1] IN (1, 2.5)));\n"
    "CREATE INDEX few ON words (lower(a)) WHERE a IN ('u', 'v');\n"
    "CREATE VIEW picked AS SELECT a, b FROM words WHERE a IN ('u', 'v') AND b NOT IN ('k', 'l') UNION SELECT b, a FROM words;\n"
    "CREATE TABLE days (d date DEFAULT now(), t timestamp(3) DEFAULT CURRENT_TIMESTAMP, n int) PARTITION BY RANGE (d);\n"
    "CREATE TABLE day1 (LIKE days);\n"
    "ALTER TABLE days ATTACH PARTITION day1 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');\n"
    "CREATE TABLE parent (a int DEFAULT 1, b text NOT NULL);\n"
    "CREATE TABLE kid (c int) INHERITS (parent);\n"
    "ALTER TABLE kid ALTER a DROP DEFAULT;\n"
    "CREATE TABLE gaps (a int, b int, c int); ALTER TABLE gaps DROP b;\n"
    "CREATE POLICY p ON words USING (a IN ('x', 'y'));\n"
    "CREATE FUNCTION ending(varchar) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = ANY ((ARRAY[''a''::varchar])::text[])';\n";

/* Commands of a shell; false: there are no such programs. */
static bool shell(const char *command)
{
    return system(command) == 0;
}

static bool restored(const char *name)
{
    char command[3000], to[700];
    if (api.engine == API_SQLITE) {
        snprintf(to, sizeof to, "%s/%s", api.folder, name);
        snprintf(command, sizeof command, "sqlite3 '%s' .dump | sqlite3 '%s'", api.database, to);
        if (!shell("command -v sqlite3 >/dev/null") || !shell(command))
            return false;
        snprintf(command, sizeof command, "sqlite:%s", to);
        api_use(command);
        return true;
    }
    snprintf(to, sizeof to, "%s", api_url_with(NULL, NULL, name));
    snprintf(command, sizeof command, "PATH=$(pg_config --bindir):$PATH; createdb --maintenance-db='%s' -T template0 '%s' && "
             "pg_dump '%s' 2>/dev/null | psql -q -v ON_ERROR_STOP=1 '%s' >/dev/null", api.url, name, api.url, to);
    if (!shell("command -v pg_config >/dev/null") || !shell(command))
        return false;
    api_use(to);
    return true;
}

START_TEST(test_restored)
{
    char name[400], command[1000];
    snprintf(name, sizeof name, "%s_restored", api.engine == API_SQLITE ? "app" : api.database);
    if (api.engine == API_POSTGRESQL)
        api_file("002_awkward.sql", awkward);
    begin("off", "on");
    char *own = text_of(api.url);
    if (restored(name)) {
        API_OK(diff());
        ck_assert_str_eq(value("by"), "fingerprint");
        api_close();
        api_use(own);
        snprintf(command, sizeof command, "PATH=$(pg_config --bindir):$PATH; dropdb --maintenance-db='%s' '%s'", own, name);
        if (api.engine == API_POSTGRESQL)
            ck_assert(shell(command));
    }
    free(own);
}
END_TEST

API("drift", test_by_facts, test_by_facts_too, test_by_replay, test_by_replay_2, test_by_replay_3, test_by_replay_4,
    test_adopted_elsewhere, test_restored)
