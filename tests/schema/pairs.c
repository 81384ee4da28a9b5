/* SPDX-License-Identifier: MIT
 * Every kind of change of a SQLite schema: the way there and back is found, runs as a migration on tables with rows while foreign keys are
 * enforced, leads to the very schema, and loses nothing that both have. */
#include "frame.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    const char *what, *before, *after;
    const char *forth, *back; /* what stands in the way: "!..." of the rows, "?..." of finding it; NULL: nothing */
    struct fact_renamed renamed[3]; /* forth */
};

#define PARENT "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT UNIQUE); "
#define REFERRED "CREATE TABLE c (id INTEGER PRIMARY KEY, t INT REFERENCES t ON DELETE CASCADE); "
#define VIEWED "CREATE VIEW v AS SELECT * FROM t; CREATE TRIGGER g AFTER INSERT ON o BEGIN INSERT INTO t (a) VALUES (new.x); END; "
#define OTHER "CREATE TABLE o (x); "

static const struct pair pairs[] = {
    {"a table", "", "CREATE TABLE t (a)", NULL, NULL, {{0}}},
    {"tables that refer to each other", "",
     "CREATE TABLE a (x INT PRIMARY KEY, y REFERENCES b); CREATE TABLE b (x INT PRIMARY KEY, y REFERENCES a)", NULL, NULL,
     {{0}}},
    {"a column at the end", "CREATE TABLE t (a)", "CREATE TABLE t (a, b TEXT)", NULL, NULL, {{0}}},
    {"a column with a default", "CREATE TABLE t (a)", "CREATE TABLE t (a, b TEXT NOT NULL DEFAULT 'x')", NULL, NULL, {{0}}},
    {"a column with a computed default", "CREATE TABLE t (a)", "CREATE TABLE t (a, b TEXT DEFAULT CURRENT_TIMESTAMP)", NULL,
     NULL, {{0}}},
    {"a column with an expression as default", "CREATE TABLE t (a)", "CREATE TABLE t (a, b NOT NULL DEFAULT (1 + 1))", NULL,
     NULL, {{0}}},
    {"a column that must be given", "CREATE TABLE t (a)", "CREATE TABLE t (a, b TEXT NOT NULL)",
     "!NOT NULL constraint failed", NULL, {{0}}},
    {"a unique column", "CREATE TABLE t (a)", "CREATE TABLE t (a, b TEXT UNIQUE)", NULL, NULL, {{0}}},
    {"a column that refers", PARENT "CREATE TABLE t (a)", PARENT "CREATE TABLE t (a, b INT REFERENCES p)", NULL, NULL, {{0}}},
    {"a column that refers, with a default", PARENT "CREATE TABLE t (a)", PARENT
     "CREATE TABLE t (a, b INT DEFAULT 1 REFERENCES p)", NULL, NULL, {{0}}},
    {"a column with a CHECK", "CREATE TABLE t (a)", "CREATE TABLE t (a, b INT CHECK (b > 0) DEFAULT 1)", NULL, NULL, {{0}}},
    {"a virtual generated column", "CREATE TABLE t (a INT)", "CREATE TABLE t (a INT, b AS (a * 2))", NULL, NULL, {{0}}},
    {"a stored generated column", "CREATE TABLE t (a INT)",
     "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED)", NULL, NULL, {{0}}},
    {"a formula", "CREATE TABLE t (a INT, b AS (a * 2))", "CREATE TABLE t (a INT, b AS (a * 3))", NULL, NULL, {{0}}},
    {"generated no longer", "CREATE TABLE t (a INT, b INT AS (a * 2))", "CREATE TABLE t (a INT, b INT)", NULL, NULL, {{0}}},
    {"a column in the middle", "CREATE TABLE t (a, c)", "CREATE TABLE t (a, b, c)", NULL, NULL, {{0}}},
    {"several columns at once", "CREATE TABLE t (a, b, c)", "CREATE TABLE t (a, d TEXT, e INT DEFAULT 5)", NULL, NULL, {{0}}},
    {"all columns but one", "CREATE TABLE t (a, b, c)", "CREATE TABLE t (b)", NULL, NULL, {{0}}},
    {"no column in common", "CREATE TABLE t (a, b)", "CREATE TABLE t (c TEXT)", NULL, NULL, {{0}}},
    {"an indexed column", "CREATE TABLE t (a, b); CREATE INDEX i ON t (b)", "CREATE TABLE t (a)", NULL, NULL, {{0}}},
    {"a column that a view tells", OTHER "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT a, b FROM t", OTHER
     "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t", NULL, NULL, {{0}}},
    {"a column whose name a view says of another table",
     "CREATE TABLE o (b); CREATE TABLE t (a, b); CREATE VIEW v AS SELECT b FROM o",
     "CREATE TABLE o (b); CREATE TABLE t (a); CREATE VIEW v AS SELECT b FROM o", NULL, NULL, {{0}}},
    {"a column of a table that a view is of", OTHER "CREATE TABLE t (a, b); " VIEWED, OTHER "CREATE TABLE t (a); " VIEWED,
     NULL, NULL, {{0}}},
    {"a column beside a broken view", "CREATE TABLE t (a, b); CREATE VIEW broken AS SELECT * FROM nowhere",
     "CREATE TABLE t (a); CREATE VIEW broken AS SELECT * FROM nowhere", NULL, NULL, {{0}}},
    {"a type", "CREATE TABLE t (a TEXT)", "CREATE TABLE t (a INTEGER)", NULL, NULL, {{0}}},
    {"a type of a referred table", "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); " REFERRED,
     "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(20)); " REFERRED, NULL, NULL, {{0}}},
    {"NOT NULL", "CREATE TABLE t (a INT NOT NULL)", "CREATE TABLE t (a INT)", NULL, "!NOT NULL constraint failed", {{0}}},
    {"a default", "CREATE TABLE t (a INT DEFAULT 1)", "CREATE TABLE t (a INT DEFAULT 2)", NULL, NULL, {{0}}},
    {"a default gone", "CREATE TABLE t (a INT DEFAULT 1)", "CREATE TABLE t (a INT)", NULL, NULL, {{0}}},
    {"a collation", "CREATE TABLE t (a TEXT)", "CREATE TABLE t (a TEXT COLLATE NOCASE)", NULL, NULL, {{0}}},
    {"a collation of a unique column", "CREATE TABLE t (a TEXT UNIQUE)", "CREATE TABLE t (a TEXT COLLATE NOCASE UNIQUE)",
     NULL, NULL, {{0}}},
    {"a CHECK of the table", "CREATE TABLE t (a INT)", "CREATE TABLE t (a INT, CHECK (a > 0 OR a IS NULL))", NULL, NULL, {{0}}},
    {"a CHECK that rows break", "CREATE TABLE t (a INT)", "CREATE TABLE t (a INT, CHECK (a > 1000))",
     "!CHECK constraint failed", NULL, {{0}}},
    {"a CHECK's name", "CREATE TABLE t (a INT CHECK (a > 0))", "CREATE TABLE t (a INT CONSTRAINT positive CHECK (a > 0))",
     NULL, NULL, {{0}}},
    {"a CHECK that says the table's name", "CREATE TABLE t (a INT)", "CREATE TABLE t (a INT, CHECK (t.a > 0))", NULL, NULL,
     {{0}}},
    {"a CHECK that says a referred table's name", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT); " OTHER
     REFERRED VIEWED, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT, CHECK (t.a <> 'no')); " OTHER REFERRED
     VIEWED, NULL, NULL, {{0}}},
    {"a CHECK that says the name of what is referred to and nothing else", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT); "
     REFERRED, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, CHECK (t.a <> 'no')); " REFERRED, NULL, NULL, {{0}}},
    {"UNIQUE", "CREATE TABLE t (a INT, b INT)", "CREATE TABLE t (a INT, b INT, UNIQUE (a, b))", NULL, NULL, {{0}}},
    {"UNIQUE in another order", "CREATE TABLE t (a INT, b INT, UNIQUE (b, a))",
     "CREATE TABLE t (a INT, b INT, UNIQUE (a DESC, b))", NULL, NULL, {{0}}},
    {"UNIQUE that replaces", "CREATE TABLE t (a INT, UNIQUE (a) ON CONFLICT REPLACE)",
     "CREATE TABLE t (a INT, UNIQUE (a) ON CONFLICT IGNORE)", NULL, NULL, {{0}}},
    {"NOT NULL that replaces", "CREATE TABLE t (a INT NOT NULL ON CONFLICT REPLACE DEFAULT 1)",
     "CREATE TABLE t (a INT NOT NULL DEFAULT 1)", NULL, NULL, {{0}}},
    {"a primary key", "CREATE TABLE t (a INT NOT NULL, b)", "CREATE TABLE t (a INT NOT NULL, b, PRIMARY KEY (a))", NULL, NULL,
     {{0}}},
    {"a primary key of two", "CREATE TABLE t (a INT NOT NULL, b, PRIMARY KEY (a))",
     "CREATE TABLE t (a INT NOT NULL, b, PRIMARY KEY (a, b DESC))", NULL, NULL, {{0}}},
    {"a rowid with a name", "CREATE TABLE t (a INT)", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT)", NULL, NULL, {{0}}},
    {"a rowid with another name", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT NOT NULL)",
     "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY, id INT NOT NULL)", NULL, NULL, {{0}}},
    {"AUTOINCREMENT", "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
     "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)", NULL, NULL, {{0}}},
    {"beside AUTOINCREMENT", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
     "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT)", NULL, NULL, {{0}}},
    {"WITHOUT ROWID", "CREATE TABLE t (a TEXT PRIMARY KEY NOT NULL, b)",
     "CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID", NULL, NULL, {{0}}},
    {"STRICT", "CREATE TABLE t (a TEXT, b INT)", "CREATE TABLE t (a TEXT, b INT) STRICT", NULL, NULL, {{0}}},
    {"columns called rowid", "CREATE TABLE t (rowid TEXT, oid INT, a TEXT)", "CREATE TABLE t (rowid TEXT, oid INT, a INT)",
     NULL, NULL, {{0}}},
    {"a foreign key", PARENT "CREATE TABLE t (a INT)", PARENT "CREATE TABLE t (a INT REFERENCES p (id))", NULL, NULL, {{0}}},
    {"a foreign key to a new table", "CREATE TABLE t (a INT)",
     "CREATE TABLE t (a INT REFERENCES z (id)); CREATE TABLE z (id INTEGER PRIMARY KEY)", "!FOREIGN KEY constraint failed",
     NULL, {{0}}},
    {"a foreign key's action", PARENT "CREATE TABLE t (a INT REFERENCES p ON DELETE CASCADE)", PARENT
     "CREATE TABLE t (a INT REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE)", NULL, NULL, {{0}}},
    {"a foreign key's deferral", PARENT "CREATE TABLE t (a INT REFERENCES p)", PARENT
     "CREATE TABLE t (a INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)", NULL, NULL, {{0}}},
    {"a foreign key to itself", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT)",
     "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT REFERENCES t ON DELETE CASCADE)", NULL, NULL, {{0}}},
    {"what refers to itself", "CREATE TABLE t (id INTEGER PRIMARY KEY, u INT REFERENCES t ON DELETE CASCADE, a TEXT)",
     "CREATE TABLE t (id INTEGER PRIMARY KEY, u INT REFERENCES t ON DELETE CASCADE, a INT)", NULL, NULL, {{0}}},
    {"everything around it stays", OTHER
     "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT); CREATE UNIQUE INDEX i ON t (a); "
     "CREATE TRIGGER own AFTER UPDATE ON t BEGIN UPDATE o SET x = new.a; END; " REFERRED VIEWED, OTHER
     "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a VARCHAR(9)); CREATE UNIQUE INDEX i ON t (a); "
     "CREATE TRIGGER own AFTER UPDATE ON t BEGIN UPDATE o SET x = new.a; END; " REFERRED VIEWED, NULL, NULL, {{0}}},
    {"and changes with it", OTHER "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a); "
     "CREATE TRIGGER own AFTER UPDATE ON t BEGIN UPDATE o SET x = new.a; END; " REFERRED VIEWED, OTHER
     "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT); CREATE INDEX i ON t (b); "
     "CREATE TRIGGER own AFTER UPDATE ON t BEGIN UPDATE o SET x = new.b; END; " REFERRED "CREATE VIEW v AS SELECT a FROM t; "
     "CREATE TRIGGER g AFTER INSERT ON o BEGIN INSERT INTO t (b) VALUES (new.x); END", NULL, NULL, {{0}}},
    {"an index", "CREATE TABLE t (a, b)", "CREATE TABLE t (a, b); CREATE INDEX i ON t (a, b DESC)", NULL, NULL, {{0}}},
    {"an index made unique", "CREATE TABLE t (a, b); CREATE INDEX i ON t (a)",
     "CREATE TABLE t (a, b); CREATE UNIQUE INDEX i ON t (a)", NULL, NULL, {{0}}},
    {"a partial index", "CREATE TABLE t (a, b); CREATE INDEX i ON t (a)",
     "CREATE TABLE t (a, b); CREATE INDEX i ON t (a) WHERE b > 1", NULL, NULL, {{0}}},
    {"an index on an expression", "CREATE TABLE t (a, b)", "CREATE TABLE t (a, b); CREATE INDEX i ON t (lower(a), b + 1)",
     NULL, NULL, {{0}}},
    {"an index of another table", "CREATE TABLE t (a); CREATE TABLE u (a); CREATE INDEX i ON t (a)",
     "CREATE TABLE t (a); CREATE TABLE u (a); CREATE INDEX i ON u (a)", NULL, NULL, {{0}}},
    {"a view", "CREATE TABLE t (a)", "CREATE TABLE t (a); CREATE VIEW v (x) AS SELECT a FROM t WHERE a > 'x'", NULL, NULL,
     {{0}}},
    {"a view's text", "CREATE TABLE t (a); CREATE VIEW v AS SELECT 1; CREATE VIEW w AS SELECT * FROM v",
     "CREATE TABLE t (a); CREATE VIEW v AS SELECT 2; CREATE VIEW w AS SELECT * FROM v", NULL, NULL, {{0}}},
    {"a view with a trigger", "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; "
     "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a); END",
     "CREATE TABLE t (a); CREATE VIEW v AS SELECT a, 1 FROM t; "
     "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a); END", NULL, NULL, {{0}}},
    {"a table made a view", "CREATE TABLE t (a); CREATE TABLE o (x)",
     "CREATE VIEW t AS SELECT x AS a FROM o; CREATE TABLE o (x)", NULL, NULL, {{0}}},
    {"a trigger", "CREATE TABLE t (a)", "CREATE TABLE t (a); "
     "CREATE TRIGGER g BEFORE DELETE ON t WHEN old.a = 1 BEGIN SELECT raise(ABORT, 'no; END'); END", NULL, NULL, {{0}}},
    {"a trigger that is called as a table", "CREATE TABLE t (a)",
     "CREATE TABLE t (a); CREATE TRIGGER t AFTER INSERT ON t BEGIN SELECT 1; END", NULL, NULL, {{0}}},
    {"a virtual table", "", "CREATE VIRTUAL TABLE f USING fts5 (body, tokenize = 'porter')", NULL, NULL, {{0}}},
    {"a virtual table's arguments", "CREATE VIRTUAL TABLE f USING fts5 (body)",
     "CREATE VIRTUAL TABLE f USING fts5 (body, tokenize = 'porter')", "?virtual table", "?virtual table", {{0}}},
    {"names that must be quoted", "CREATE TABLE \"a.b\" (\"c d\" TEXT, \"select\" INT, [x\"y] INT); "
     "CREATE INDEX \"i \"\" i\" ON \"a.b\" (\"select\")",
     "CREATE TABLE \"a.b\" (\"c d\" INT, \"select\" INT UNIQUE, [x\"y] INT, \"new one\" TEXT); "
     "CREATE INDEX \"i \"\" i\" ON \"a.b\" (\"c d\")", NULL, NULL, {{0}}},
    {"names beyond ASCII", "CREATE TABLE größe (maß TEXT)", "CREATE TABLE größe (maß INT, höhe INT)", NULL, NULL, {{0}}},
    {"the other case of letters", "CREATE TABLE Users (ID INT, Name TEXT); CREATE INDEX Mine ON Users (Name)",
     "CREATE TABLE users (id INT, name TEXT); CREATE INDEX mine ON users (name)", NULL, NULL, {{0}}},
    {"a table's name", "CREATE TABLE t (id INTEGER PRIMARY KEY, a); " REFERRED, "CREATE TABLE u (id INTEGER PRIMARY KEY, a); "
     "CREATE TABLE c (id INTEGER PRIMARY KEY, t INT REFERENCES u ON DELETE CASCADE)", NULL, NULL, {{"t", "u"}}},
    {"a column's name", OTHER "CREATE TABLE t (a, b AS (a + 1), CHECK (a <> 5)); CREATE INDEX i ON t (a); " VIEWED, OTHER
     "CREATE TABLE t (z, b AS (z + 1), CHECK (z <> 5)); CREATE INDEX i ON t (z); " "CREATE VIEW v AS SELECT * FROM t; "
     "CREATE TRIGGER g AFTER INSERT ON o BEGIN INSERT INTO t (z) VALUES (new.x); END", NULL, NULL, {{"t.a", "t.z"}}},
    {"both, and more", "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b)",
     "CREATE TABLE u (id INTEGER PRIMARY KEY, z INT NOT NULL DEFAULT 0, c)", "!NOT NULL", NULL, {{"t", "u"}, {"u.a", "u.z"}}},
    {"two columns change names", "CREATE TABLE t (a TEXT, b INT)", "CREATE TABLE t (b TEXT, a INT)", NULL, NULL,
     {{"t.a", "t.x"}, {"t.b", "t.a"}, {"t.x", "t.b"}}},
    {"two tables change names", "CREATE TABLE t (a TEXT); CREATE TABLE u (b INT)",
     "CREATE TABLE u (a TEXT); CREATE TABLE t (b INT)", NULL, NULL, {{"t", "x"}, {"u", "t"}, {"x", "u"}}},
    {"a name taken over", "CREATE TABLE t (a TEXT)", "CREATE TABLE t (a TEXT, b); CREATE TABLE old (a TEXT)", NULL, NULL,
     {{"t", "old"}}},
    {"a column's name taken over", "CREATE TABLE t (a TEXT)", "CREATE TABLE t (old TEXT, a INT)", NULL, NULL,
     {{"t.a", "t.old"}}},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

static size_t renames_of(const struct pair *pair, bool forth, struct fact_renamed *out)
{
    size_t count = 0;

    while (count < 3 && pair->renamed[count].from != NULL)
        count++;
    for (size_t i = 0; i < count; i++) {
        const struct fact_renamed *renamed = &pair->renamed[forth ? i : count - 1 - i];
        out[i] = forth ? *renamed : (struct fact_renamed){renamed->to, renamed->from};
    }
    return count;
}

/* From a database with rows, which is changed, to the schema of the other. */
static void go(const struct pair *pair, struct database *db, const char *wanted_sql, bool forth, const char *way_stands)
{
    struct database *wanted_db = frame_open(wanted_sql);
    struct facts is = frame_facts(db), wanted = frame_facts(wanted_db), now;
    struct fact_renamed renamed[3];
    size_t count = renames_of(pair, forth, renamed);
    struct frame_way way = frame_find(db, &wanted, renamed, count, true);
    char *before = frame_rows(db, 0, &is, &wanted, renamed, count), *after, *problem, *differs;

    if (way_stands != NULL && *way_stands == '?') {
        ck_assert_msg(!way.good && strstr(way.left_out, way_stands + 1) != NULL, "%s: left out: %s\n%s", pair->what, way.left_out, way.sql);
    } else {
        ck_assert_msg(way.good, "%s %s: left out: %s\n%s", pair->what, forth ? "forth" : "back", way.left_out, way.sql);
        problem = frame_migrate(db, way.sql);
        if (way_stands != NULL) {
            ck_assert_msg(problem != NULL && strstr(problem, way_stands + 1) != NULL, "%s: %s\n%s", pair->what,
                          problem != NULL ? problem : "no problem", way.sql);
        } else {
            ck_assert_msg(problem == NULL, "%s %s: %s\n%s", pair->what, forth ? "forth" : "back", problem, way.sql);
            now = frame_facts(db);
            differs = frame_differ(&now, &wanted);
            ck_assert_msg(differs == NULL, "%s: %s\n%s", pair->what, differs, way.sql);
            after = frame_rows(db, 1, &is, &wanted, renamed, count);
            ck_assert_msg(strcmp(before, after) == 0, "%s %s: rows before:\n%s\nafter:\n%s\n%s", pair->what, forth ? "forth" : "back",
                          before, after, way.sql);
            ck_assert_msg((differs = frame_sound(db)) == NULL, "%s: %s\n%s", pair->what, differs, way.sql);
            free(after);
            facts_free(&now);
        }
        free(problem);
    }
    if (getenv("PAIRS_SHOW") != NULL)
        printf("-- %s %s%s\n%s", pair->what, forth ? "forth" : "back", way.changes.column_order ? " (order)" : "", way.sql);
    free(before);
    frame_way_free(&way);
    facts_free(&is);
    facts_free(&wanted);
    database_close(wanted_db);
}

START_TEST(there_and_back)
{
    const struct pair *pair = &pairs[_i];
    struct database *db = frame_open(pair->before);

    frame_fill(db, 6);
    go(pair, db, pair->after, true, pair->forth);
    if (pair->forth == NULL) /* the rows that were there before fit again */
        go(pair, db, pair->before, false, pair->back != NULL && *pair->back == '?' ? pair->back : NULL);
    database_close(db);
    db = frame_open(pair->after);
    frame_fill(db, 6);
    go(pair, db, pair->before, false, pair->back);
    database_close(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema/pairs");
    TCase *cases = tcase_create("pairs");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, there_and_back, 0, PAIRS);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
