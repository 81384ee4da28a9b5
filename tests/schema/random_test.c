/* SPDX-License-Identifier: MIT
 * Random schemas with rows become others and come back: A, B, A. Each time the schema is the wanted one, no row of what both have is lost or
 * changed, rowids and counters stay, and no foreign key leads nowhere.
 *     random [ROUNDS [SEED]]     says how many; ends with the round and its SQL where something is wrong */
#include "frame.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name as in the idents of facts: quoted where it has to be. */
static void ident(struct text *out, const char *raw)
{
    bool plain = true;

    for (const char *at = raw; *at != '\0'; at++)
        plain = plain && ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9'));
    if (plain)
        text_add(out, raw);
    else
        database_sqlite.name_quoted(out, NULL, raw);
}

struct round {
    uint64_t seed;
    struct text a, b;
    const char *where;
};

static void wrong(const struct round *round, const char *what, const char *detail, const char *sql)
{
    frame_die("seed %llu, %s: %s\n%s\n---- A\n%s---- B\n%s---- the way\n%s", (unsigned long long)round->seed, round->where, what, detail,
              round->a.data, round->b.data, sql);
}

/* Columns stand where they should, or it is told that they do not. */
static bool in_order(const struct facts *is, const struct facts *wanted)
{
    size_t j = 0;

    for (size_t i = 0; i < is->count; i++) {
        if (strcmp(is->items[i].kind, "column position") != 0)
            continue;
        while (j < wanted->count && strcmp(wanted->items[j].kind, "column position") != 0)
            j++;
        if (j == wanted->count || strcmp(is->items[i].ident, wanted->items[j].ident) != 0 ||
            strcmp(is->items[i].value, wanted->items[j].value) != 0)
            return false;
        j++;
    }
    return true;
}

static void go(const struct round *round, struct database *db, const char *wanted_sql, const struct random_renames *renames, size_t *orders)
{
    struct database *wanted_db = frame_open(wanted_sql);
    struct facts is = frame_facts(db), wanted = frame_facts(wanted_db), now;
    struct frame_way way = frame_find(db, &wanted, renames->items, renames->count, true);
    char *before = frame_rows(db, 0, &is, &wanted, renames->items, renames->count), *after, *problem;

    if (!way.good)
        wrong(round, "left out", way.left_out, way.sql);
    if ((problem = frame_migrate(db, way.sql)) != NULL)
        wrong(round, "it does not run", problem, way.sql);
    now = frame_facts(db);
    if ((problem = frame_differ(&now, &wanted)) != NULL)
        wrong(round, "another schema", problem, way.sql);
    after = frame_rows(db, 1, &is, &wanted, renames->items, renames->count);
    if (strcmp(before, after) != 0) {
        fprintf(stderr, "before:\n%s\nafter:\n%s\n", before, after);
        wrong(round, "other rows", "", way.sql);
    }
    if ((problem = frame_sound(db)) != NULL)
        wrong(round, "not sound", problem, way.sql);
    if (!way.changes.column_order && !in_order(&now, &wanted))
        wrong(round, "another order of columns, and it is not told", "", way.sql);
    *orders += way.changes.column_order;
    free(before);
    free(after);
    frame_way_free(&way);
    facts_free(&is);
    facts_free(&wanted);
    facts_free(&now);
    database_close(wanted_db);
}

static void one(uint64_t seed, size_t *orders)
{
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    static struct random_schema schema;
    static struct random_renames renames, back;
    struct round round = {.seed = seed};
    struct text rows = {0};
    struct database *db;

    for (int i = 0; i < 8; i++)
        random_below(&state, 2);
    random_schema_make(&schema, &state);
    random_sqlite_write(&schema, &round.a);
    random_sqlite_rows(&schema, random_below(&state, 7), &state, &rows);
    random_schema_change(&schema, 1 + random_below(&state, 8), &state, &renames, ident);
    random_sqlite_write(&schema, &round.b);
    random_renames_turn(&renames, &back);
    db = frame_open(round.a.data != NULL ? round.a.data : "");
    frame_run(db, rows.data);
    round.where = "forth";
    go(&round, db, round.b.data != NULL ? round.b.data : "", &renames, orders);
    round.where = "back";
    go(&round, db, round.a.data, &back, orders);
    database_close(db);
    text_free(&rows);
    text_free(&round.a);
    text_free(&round.b);
}

int main(int count, char **arguments)
{
    size_t rounds = count > 1 ? (size_t)strtoul(arguments[1], NULL, 10) : 100, orders = 0;
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;

    for (size_t i = 0; i < rounds; i++)
        one(seed + i, &orders);
    printf("%zu rounds there and back, %zu ways with another order of columns\n", rounds, orders);
    return 0;
}
