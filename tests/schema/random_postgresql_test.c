/* SPDX-License-Identifier: MIT
 * Random schemas of PostgreSQL with rows become others and come back: A, B, A, on a server whose superuser's URL is in
 * MIGRATE_TEST_POSTGRESQL (without it the test is skipped). Forth by names alone, since B was read in another database; back by keys, as
 * the facts of A were read here before, and in every other round by names. Each time the schema is the wanted one, no row of what both have
 * is lost or changed, what sequences have counted stays, and another order of columns is told.
 *     random ROUNDS [SEED [all]]  ends with the round and its SQL where something is wrong; all: goes on, and says how many at the end */
#include "frame_postgresql.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- databases ---- */

struct test {
    struct database *server, *live, *other; /* other: where B is made, to be read */
    size_t rounds, wrong, orders, refused;
    bool all;
};

/* ---- names ---- */

/* As in the idents of facts: quoted where it has to be. */
static void ident(struct text *out, const char *raw)
{
    bool plain = *raw >= 'a' && *raw <= 'z';

    for (const char *at = raw; *at != '\0'; at++)
        plain = plain && ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'));
    if (plain)
        text_add(out, raw);
    else
        database_postgresql.name_quoted(out, NULL, raw);
}

/* With the schema in front. */
static void qualify(struct random_renames *renames)
{
    for (size_t i = 0; i < 2 * renames->count; i++) {
        struct text text = {0};
        text_format(&text, "public.%s", renames->names[i]);
        snprintf(renames->names[i], sizeof renames->names[i], "%s", text.data);
        text_free(&text);
    }
}

/* ---- rows ---- */

static const struct random_table *table_born(const struct random_schema *schema, unsigned born)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->tables[i].born == born)
            return &schema->tables[i];
    }
    return NULL;
}

static const struct random_column *column_born(const struct random_table *table, unsigned born)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->columns[i].born == born)
            return &table->columns[i];
    }
    return NULL;
}

/* Values are compared as they are; those of another type as numbers. */
static void select_rows(struct text *sql, const struct random_table *here, const struct random_table *there)
{
    text_clear(sql);
    text_add(sql, "SELECT ");
    for (size_t i = 0; i < here->count; i++) {
        const struct random_column *column = &here->columns[i], *other = column_born(there, column->born);
        if (other == NULL || column->generated != 0 || other->generated != 0)
            continue;
        text_add(sql, i > 0 ? ", " : "");
        database_postgresql.name_quoted(sql, NULL, column->name);
        text_add(sql, column->type == RANDOM_BYTES ? "::text" : "::text::float8");
    }
    text_add(sql, " FROM ");
    database_postgresql.name_quoted(sql, NULL, here->name);
    text_add(sql, " ORDER BY 1");
}

/* Where the sequence, or the identity, stands, if both have one. */
static void add_counter(struct text *out, struct database *db, const struct random_table *here, const struct random_table *there)
{
    struct text sql = {0}, quoted = {0};
    char *answer;

    if (!random_postgresql_counts(here) || !random_postgresql_counts(there))
        return;
    database_postgresql.name_quoted(&quoted, NULL, here->name);
    text_add(&sql, "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(");
    database_postgresql.literal(&sql, quoted.data, quoted.length);
    text_add(&sql, ", ");
    database_postgresql.literal(&sql, here->columns[0].name, strlen(here->columns[0].name));
    text_add(&sql, ")::regclass), 0)");
    answer = frame_ask(db, sql.data);
    text_format(out, "counted %s", answer);
    free(answer);
    text_free(&sql);
    text_free(&quoted);
}

/* Of the tables and columns that are in both, in the order of `order`. */
static char *rows_of(struct database *db, const struct random_schema *here, const struct random_schema *there,
                     const struct random_schema *order)
{
    struct text out = {0}, sql = {0};

    for (size_t i = 0; i < order->count; i++) {
        const struct random_table *a = table_born(here, order->tables[i].born), *b = table_born(there, order->tables[i].born);
        struct random_table sorted;
        char *rows;
        if (a == NULL || b == NULL)
            continue;
        sorted = *a;
        sorted.count = 0;
        for (size_t c = 0; c < order->tables[i].count; c++) { /* the same order of columns on both sides */
            const struct random_column *column = column_born(a, order->tables[i].columns[c].born);
            if (column != NULL)
                sorted.columns[sorted.count++] = *column;
        }
        select_rows(&sql, &sorted, b);
        rows = frame_ask(db, sql.data);
        text_format(&out, "table %u\n%s", a->born, rows);
        free(rows);
        add_counter(&out, db, a, b);
    }
    text_free(&sql);
    text_add(&out, "");
    return text_take(&out);
}

/* ---- a way ---- */

struct round {
    struct test *test;
    uint64_t seed;
    const struct random_schema *from, *to;
    const struct text *a, *b;
    const char *where;
};

static bool wrong(const struct round *round, const char *what, const char *detail, const char *sql)
{
    fprintf(stderr, "seed %llu, %s: %s\n%s\n", (unsigned long long)round->seed, round->where, what, detail);
    if (!round->test->all)
        frame_die("---- A\n%s---- B\n%s---- the way\n%s", round->a->data, round->b->data, sql);
    round->test->wrong++;
    return false;
}

/* By names nothing can take a name that something else has: then it is told, and nothing is done for it. */
static bool is_taken(const struct changes *changes)
{
    for (size_t i = 0; i < changes->left.count; i++) {
        if (strstr(changes->left.items[i].reason, "something of that name already") != NULL)
            return true;
    }
    return false;
}

static bool judge(const struct round *round, const struct facts *wanted, const struct changes *changes, const char *before, const char *sql)
{
    struct database *db = round->test->live;
    struct facts now;
    char *problem, *after;
    bool good = true;
    migrate_error *err = NULL;

    frame_run(db, "SAVEPOINT way");
    if (database_exec(db, *sql != '\0' ? sql : "SELECT 1", &err) != MIGRATE_OK) {
        good = wrong(round, "it does not run", err->message, sql);
        error_free(err);
        return good;
    }
    now = frame_facts_of(db);
    if ((problem = frame_differ(&now, wanted)) != NULL) {
        good = wrong(round, "another schema", problem, sql);
        free(problem);
    } else {
        after = rows_of(db, round->to, round->from, round->from);
        if (strcmp(before, after) != 0) {
            struct text both = {0};
            text_format(&both, "before:\n%safter:\n%s", before, after);
            good = wrong(round, "other rows", both.data, sql);
            text_free(&both);
        }
        free(after);
        if (good && frame_in_order(&now, wanted) == changes->column_order)
            good = wrong(round, changes->column_order ? "the order of columns is right, and told to be wrong"
                                                      : "another order of columns, and it is not told", "", sql);
        round->test->orders += changes->column_order;
    }
    facts_free(&now);
    return good;
}

/* false: it did not get there. */
static bool go(const struct round *round, const struct facts *wanted, const struct random_renames *renames, bool keys)
{
    struct changes_wish wish = {.facts = frame_wish, .same_database = keys, .renamed = renames->items,
                                .renamed_count = keys ? 0 : renames->count};
    struct database *db = round->test->live;
    struct facts is = frame_facts_of(db);
    struct changes changes = {0};
    struct text sql = {0}, left = {0};
    char *before = rows_of(db, round->from, round->to, round->from);
    bool good;
    migrate_error *err = NULL;

    if (changes_find(&is, wanted, &wish, db, &changes, &err) != MIGRATE_OK || changes_sql(&changes, db->engine, &sql, &err) != MIGRATE_OK)
        frame_die("seed %llu: changes: %s", (unsigned long long)round->seed, err->message);
    for (size_t i = 0; i < changes.left.count; i++)
        text_format(&left, "%s %s: %s; ", changes.left.items[i].kind, changes.left.items[i].ident, changes.left.items[i].reason);
    if (!keys && is_taken(&changes)) {
        round->test->refused++;
        good = false;
    } else if (!changes.proven || changes.left.count > 0) {
        good = wrong(round, "left out", left.length > 0 ? left.data : "not proven", sql.length > 0 ? sql.data : "");
    } else {
        good = judge(round, wanted, &changes, before, sql.length > 0 ? sql.data : "");
    }
    free(before);
    changes_free(&changes);
    facts_free(&is);
    text_free(&sql);
    text_free(&left);
    return good;
}

/* ---- a round ---- */

static void one(struct test *test, uint64_t seed)
{
    static struct random_schema a, b;
    static struct random_renames renames, back;
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    struct text rows = {0}, a_sql = {0}, b_sql = {0};
    struct round round = {.test = test, .seed = seed, .from = &a, .to = &b, .a = &a_sql, .b = &b_sql, .where = "forth"};
    struct facts first, second;
    bool keys = seed % 2 == 0;

    for (int i = 0; i < 8; i++)
        random_below(&state, 2);
    random_schema_make(&a, &state);
    random_postgresql_write(&a, &a_sql);
    random_postgresql_rows(&a, random_below(&state, 7), &state, &rows);
    b = a;
    random_schema_change(&b, 1 + random_below(&state, 8), &state, &renames, ident);
    qualify(&renames);
    random_postgresql_write(&b, &b_sql);
    random_renames_turn(&renames, &back);
    second = frame_facts_made(test->other, &b_sql);
    frame_run(test->live, "BEGIN");
    frame_run(test->live, a_sql.length > 0 ? a_sql.data : "SELECT 1");
    frame_run(test->live, rows.data);
    first = keys ? frame_facts_of(test->live) : frame_facts_made(test->other, &a_sql);
    if (go(&round, &second, &renames, false)) {
        round = (struct round){.test = test, .seed = seed, .from = &b, .to = &a, .a = &a_sql, .b = &b_sql,
                               .where = keys ? "back by keys" : "back by names"};
        go(&round, &first, &back, keys);
    }
    frame_run(test->live, "ROLLBACK");
    facts_free(&first);
    facts_free(&second);
    text_free(&rows);
    text_free(&a_sql);
    text_free(&b_sql);
}

int main(int count, char **arguments)
{
    const char *url = getenv("MIGRATE_TEST_POSTGRESQL");
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    struct test test = {.rounds = count > 1 ? (size_t)strtoul(arguments[1], NULL, 10) : 40, .all = count > 3};

    if (url == NULL || *url == '\0')
        return FRAME_SKIPPED;
    test.server = frame_open_url(url);
    test.live = frame_make_database(test.server, url, "live");
    test.other = frame_make_database(test.server, url, "other");
    for (size_t i = 0; i < test.rounds; i++)
        one(&test, seed + i);
    frame_drop_database(test.server, test.live, "live");
    frame_drop_database(test.server, test.other, "other");
    database_close(test.server);
    printf("%zu rounds there and back, %zu wrong, %zu ways with another order of columns, %zu refused since a name was taken\n", test.rounds,
           test.wrong, test.orders, test.refused);
    return test.wrong > 0;
}
