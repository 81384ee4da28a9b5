/* SPDX-License-Identifier: MIT
 * Why a migration does not run, as far as it is about what is there or not: read from the database's complaint, which names the thing, and
 * held against the facts. Complaints may be in another language than English: then the SQLSTATE says what it is, and the first quotation
 * what is meant. */
#include "core/needs_inside.h"

#include "util/memory.h"

#include <string.h>

/* ---- reading a complaint ---- */

/* What stands in the n-th pair of quotes, of whatever form. false: there is none. */
static bool quoted(const char *message, int number, struct text *out)
{
    static const char *const pairs[][2] = {{"\"", "\""}, {"\xc2\xab", "\xc2\xbb"}, {"\xe2\x80\x9e", "\xe2\x80\x9c"},
                                           {"\xe2\x80\x9c", "\xe2\x80\x9d"}, {"\xe3\x80\x8c", "\xe3\x80\x8d"}};
    for (const char *at = message; *at;) {
        size_t pair = 0;
        while (pair < sizeof pairs / sizeof *pairs && !text_starts(at, pairs[pair][0]))
            pair++;
        if (pair == sizeof pairs / sizeof *pairs) {
            at++;
            continue;
        }
        const char *from = at + strlen(pairs[pair][0]), *to = strstr(from, pairs[pair][1]);
        if (!to)
            return false;
        if (number-- == 0) {
            text_clear(out);
            text_add_n(out, from, (size_t)(to - from));
            return true;
        }
        at = to + strlen(pairs[pair][1]);
    }
    return false;
}

/* The word behind a phrase, up to a blank or the end. */
static bool behind(const char *message, const char *phrase, struct text *out)
{
    const char *at = strstr(message, phrase);
    if (!at)
        return false;
    at += strlen(phrase);
    text_clear(out);
    text_add_n(out, at, strcspn(at, " (:"));
    return out->length > 0;
}

struct failing_reading {
    struct failing *failing;
    const char *message;
    struct text name, other;
    const char *word;
    enum thing_kind thing;
    const struct sql_dialect *dialect;
};

static void found(struct failing_reading *reading, enum failing_kind kind, enum thing_kind thing, const char *word)
{
    reading->failing->kind = kind;
    reading->thing = thing;
    reading->word = word;
}

/* ---- PostgreSQL ---- */

/* Qualified by its table, where the complaint names that: "column "c" of relation "t"", "column t.c". */
static bool read_column(struct failing_reading *reading)
{
    if (quoted(reading->message, 0, &reading->name)) {
        if (quoted(reading->message, 1, &reading->other)) {
            text_add_char(&reading->other, '.');
            text_add_n(&reading->other, reading->name.data, reading->name.length);
            text_clear(&reading->name);
            text_add_n(&reading->name, reading->other.data ? reading->other.data : "", reading->other.length);
        }
        return true;
    }
    return behind(reading->message, "column ", &reading->name);
}

static const struct {
    const char *word;
    enum thing_kind kind;
} words[] = {{"type", THING_TYPE}, {"domain", THING_TYPE}, {"function", THING_FUNCTION}, {"procedure", THING_FUNCTION},
             {"aggregate", THING_FUNCTION}, {"index", THING_TABLE}, {"view", THING_TABLE}, {"sequence", THING_TABLE},
             {"table", THING_TABLE}, {"materialized", THING_TABLE}, {"constraint", THING_OTHER}, {"trigger", THING_OTHER},
             {"policy", THING_OTHER}, {"rule", THING_OTHER}, {"schema", THING_SCHEMA}, {"extension", THING_OTHER}};

/* By the word in front: "type "mood" does not exist". */
static void read_object(struct failing_reading *reading, enum failing_kind kind)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(reading->message, words[i].word, length) != 0 || reading->message[length] != ' ')
            continue;
        if (quoted(reading->message, 0, &reading->name) || behind(reading->message, " ", &reading->name))
            found(reading, kind, words[i].kind, words[i].word);
        return;
    }
}

static void read_postgresql(struct failing_reading *reading, const migrate_error *problem)
{
    const char *state = problem->sqlstate;
    bool is_new = strcmp(state, "42P07") == 0 || strcmp(state, "42701") == 0;
    if (strcmp(state, "42P01") == 0 || strcmp(state, "42P07") == 0) {
        /* "missing FROM-clause entry for table": a mistake in the statement */
        if (!strstr(reading->message, "FROM") && quoted(reading->message, 0, &reading->name))
            found(reading, is_new ? FAILING_EXISTS : FAILING_MISSING, THING_TABLE, "table");
    } else if (strcmp(state, "42703") == 0 || strcmp(state, "42701") == 0) {
        if (read_column(reading))
            found(reading, is_new ? FAILING_EXISTS : FAILING_MISSING, THING_COLUMN, "column");
    } else if (strcmp(state, "3F000") == 0 || strcmp(state, "42P06") == 0) {
        if (quoted(reading->message, 0, &reading->name))
            found(reading, strcmp(state, "42P06") == 0 ? FAILING_EXISTS : FAILING_MISSING, THING_SCHEMA, "schema");
    } else if (strcmp(state, "42704") == 0) {
        read_object(reading, FAILING_MISSING);
    } else if (strcmp(state, "42883") == 0) {
        if (behind(reading->message, "function ", &reading->name) || behind(reading->message, "procedure ", &reading->name))
            found(reading, FAILING_MISSING, THING_FUNCTION, "function");
    } else if (strcmp(state, "42710") == 0) {
        read_object(reading, FAILING_EXISTS);
    } else if (strcmp(state, "42723") == 0) {
        if (quoted(reading->message, 0, &reading->name))
            found(reading, FAILING_EXISTS, THING_FUNCTION, "function");
    } else if (strcmp(state, "42830") == 0) {
        reading->failing->kind = FAILING_KEY;
    }
}

/* ---- SQLite ---- */

static void read_sqlite(struct failing_reading *reading)
{
    static const struct {
        const char *phrase;
        enum failing_kind kind;
        enum thing_kind thing;
        const char *word;
    } phrases[] = {
        {"no such table: ", FAILING_MISSING, THING_TABLE, "table"},      {"no such view: ", FAILING_MISSING, THING_TABLE, "view"},
        {"no such index: ", FAILING_MISSING, THING_TABLE, "index"},      {"no such trigger: ", FAILING_MISSING, THING_OTHER, "trigger"},
        {"no such column: ", FAILING_MISSING, THING_COLUMN, "column"},   {"duplicate column name: ", FAILING_EXISTS, THING_COLUMN, "column"},
        {"there is already a table named ", FAILING_EXISTS, THING_TABLE, "table"},
        {"there is already an index named ", FAILING_EXISTS, THING_TABLE, "index"},
        {"there is already another table or index with this name: ", FAILING_EXISTS, THING_TABLE, "table"},
    };
    static const char *const made[][2] = {{"table ", "table"}, {"view ", "view"}, {"index ", "index"}, {"trigger ", "trigger"}};
    const char *message = reading->message;
    if (strstr(message, "error in ")) /* of something else, which this one broke */
        return;
    if (strstr(message, "foreign key mismatch")) {
        reading->failing->kind = FAILING_KEY;
        return;
    }
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (behind(message, phrases[i].phrase, &reading->name)) {
            found(reading, phrases[i].kind, phrases[i].thing, phrases[i].word);
            return;
        }
    }
    for (size_t i = 0; i < sizeof made / sizeof *made && strstr(message, "already exists"); i++) {
        if (behind(message, made[i][0], &reading->name)) {
            found(reading, FAILING_EXISTS, i == 3 ? THING_OTHER : THING_TABLE, made[i][1]);
            return;
        }
    }
    if (strstr(message, " has no column named ") && behind(message, "table ", &reading->other) &&
        behind(message, " has no column named ", &reading->name)) {
        text_add_char(&reading->other, '.');
        text_add_n(&reading->other, reading->name.data, reading->name.length);
        text_clear(&reading->name);
        text_add_n(&reading->name, reading->other.data ? reading->other.data : "", reading->other.length);
        found(reading, FAILING_MISSING, THING_COLUMN, "column");
    }
}

/* ---- what the statement is about ---- */

struct named_tables {
    struct text one;   /* the only table that it names */
    struct text refers; /* tables of foreign keys, a line each, a line end in front */
    bool several;
};

static bool note_table(const struct word *word, void *user)
{
    struct named_tables *tables = user;
    if (word->kind != THING_TABLE || strcmp(word->word, "index") == 0)
        return true;
    if (word->refers) {
        text_format(&tables->refers, "\n%s\n", word->name);
    } else if (!tables->one.length) {
        text_add(&tables->one, word->name);
    } else if (!text_equal(tables->one.data, word->name)) {
        tables->several = true;
    }
    return !tables->one.failed && !tables->refers.failed;
}

/* A column's table, where the statement names one alone, and the complaint none or an alias. */
static void add_table(struct failing_reading *reading, const struct named_tables *tables, struct text *name,
                      const struct facts *facts)
{
    const char *dot = name->data ? strrchr(name->data, '.') : NULL;
    struct thing table = {.kind = THING_TABLE, .word = "table"};
    if (reading->thing != THING_COLUMN || !tables->one.length || tables->several || !name->data)
        return;
    char *front = dot ? memory_text_n(name->data, (size_t)(dot - name->data)) : NULL;
    table.name = front;
    bool known = front && facts_have(facts, reading->dialect, &table);
    memory_free(front);
    if (dot && (known || text_equal(name->data, tables->one.data)))
        return;
    struct text whole = {0};
    text_format(&whole, "%s.%s", tables->one.data, dot ? dot + 1 : name->data);
    text_clear(name);
    text_add_n(name, whole.data ? whole.data : "", whole.length);
    name->failed |= whole.failed;
    text_free(&whole);
}

static bool refers_to(const struct named_tables *tables, const char *name)
{
    struct text line = {0};
    text_format(&line, "\n%s\n", name);
    bool found_it = line.data && tables->refers.data && strstr(tables->refers.data, line.data);
    text_free(&line);
    return found_it;
}

static bool settle(struct failing_reading *reading, struct needs *needs, const migrate_error *problem, const struct facts *facts)
{
    struct failing *failing = reading->failing;
    struct named_tables tables = {0};
    struct text name = {0};
    bool good = !reading->name.failed && !reading->other.failed;
    if (problem->statement)
        good &= words_read(needs->dialect, problem->statement, strlen(problem->statement), note_table, &tables);
    if (good && (failing->kind == FAILING_MISSING || failing->kind == FAILING_EXISTS) && reading->name.data) {
        words_name(&name, needs->dialect, reading->name.data, reading->name.length);
        add_table(reading, &tables, &name, facts);
        failing->thing = (struct thing){reading->thing, reading->word, arena_text(&needs->depends.arena, name.data ? name.data : "")};
        good = !name.failed && failing->thing.name;
    }
    if (good && failing->kind == FAILING_MISSING) {
        if (facts_have(facts, needs->dialect, &failing->thing)) /* it is there: a mistake in the statement, no want */
            failing->kind = FAILING_OTHER;
        else if (failing->thing.kind == THING_TABLE && refers_to(&tables, failing->thing.name))
            failing->kind = FAILING_REFERS;
    }
    text_free(&name);
    text_free(&tables.one);
    text_free(&tables.refers);
    return good;
}

int32_t needs_failing(struct needs *needs, size_t at, const migrate_error *problem, const struct facts *facts, migrate_error **err)
{
    struct failing failing = {.kind = FAILING_OTHER, .message = arena_text(&needs->depends.arena, problem->message),
                              .line = problem->line, .column = problem->column};
    struct failing_reading reading = {.failing = &failing, .message = problem->message ? problem->message : "", .dialect = needs->dialect};
    if (*problem->sqlstate)
        read_postgresql(&reading, problem);
    else
        read_sqlite(&reading);
    bool good = settle(&reading, needs, problem, facts);
    needs->depends.items[at].failing = failing;
    text_free(&reading.name);
    text_free(&reading.other);
    return good && !needs->depends.arena.failed ? MIGRATE_OK : error_nomem(err);
}
