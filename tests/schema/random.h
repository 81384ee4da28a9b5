/* SPDX-License-Identifier: MIT
 * Random schemas and random changes of them, for any engine: a model here, its DDL by a writer for each engine (random_sqlite.c,
 * random_postgresql.c). The rules see to it that rows which fit before a change fit behind it, and back, so that a refusal is a mistake. */
#ifndef TESTS_SCHEMA_RANDOM_H
#define TESTS_SCHEMA_RANDOM_H

#include "schema/changes.h"

enum { RANDOM_TABLES = 7, RANDOM_COLUMNS = 12, RANDOM_INDEXES = 4, RANDOM_VIEWS = 4, RANDOM_RENAMES = 32, RANDOM_NAME = 48 };

enum random_type { RANDOM_WHOLE, RANDOM_TEXT, RANDOM_REAL, RANDOM_BYTES };
enum random_key { RANDOM_NO_KEY, RANDOM_ID_KEY, RANDOM_PAIR_KEY };

/* The first two of a table are its id, a number of its own, and a text; they are never dropped. */
struct random_column {
    char name[RANDOM_NAME];
    enum random_type type;
    int spelling;     /* which of the engine's names for the type */
    bool not_null;    /* with a default */
    bool unique;      /* and may be null */
    bool checked;
    int given;        /* default: 0 none, 1 a constant, 2 an expression */
    bool folded;      /* collation */
    int generated;    /* 0 no, 1 virtual, 2 stored */
    char parent[RANDOM_NAME]; /* the table that it refers to; "": none */
    int action, deferred;
    bool locked;      /* something else has its old name */
    unsigned born;    /* tells it from all others, whatever it is called */
};

struct random_index {
    char name[RANDOM_NAME];
    size_t first, second; /* columns; SIZE_MAX: only one */
    bool unique, partial, expression, descending;
};

struct random_table {
    char name[RANDOM_NAME];
    struct random_column columns[RANDOM_COLUMNS];
    size_t count;
    enum random_key key;
    bool counted;   /* its numbers rise for ever */
    unsigned flavour; /* bits for the engine's writer */
    bool checked, unique, named_check;
    struct random_index indexes[RANDOM_INDEXES];
    size_t index_count;
    int trigger; /* 0: none; else of which kind */
    bool locked;
    unsigned born;
};

struct random_view {
    char name[RANDOM_NAME], table[RANDOM_NAME];
    bool all; /* SELECT * */
    int text;
    size_t columns; /* so many of them */
};

struct random_schema {
    struct random_table tables[RANDOM_TABLES];
    size_t count;
    struct random_view views[RANDOM_VIEWS];
    size_t view_count;
    unsigned next; /* number for the next name */
    unsigned born; /* so many have been made */
    char freed[RANDOM_NAME]; /* a name that a table had, and may be taken by another */
    char freed_by[RANDOM_NAME];
};

struct random_renames {
    struct fact_renamed items[RANDOM_RENAMES];
    char names[2 * RANDOM_RENAMES][2 * RANDOM_NAME + 2];
    size_t count;
};

unsigned random_below(uint64_t *state, unsigned limit);
bool random_chance(uint64_t *state, unsigned percent);
void random_schema_make(struct random_schema *schema, uint64_t *state);
/* How many changes; what they rename goes to renames, in order. quoted: the engine's way to write a name. */
void random_schema_change(struct random_schema *schema, size_t changes, uint64_t *state, struct random_renames *renames,
                          void (*quoted)(struct text *out, const char *name));
/* The same the other way round. */
void random_renames_turn(const struct random_renames *renames, struct random_renames *out);
const struct random_table *random_table_named(const struct random_schema *schema, const char *name);

/* ---- writers ---- */
void random_sqlite_write(const struct random_schema *schema, struct text *out);
void random_sqlite_rows(const struct random_schema *schema, size_t rows, uint64_t *state, struct text *out);
void random_postgresql_write(const struct random_schema *schema, struct text *out);
void random_postgresql_rows(const struct random_schema *schema, size_t rows, uint64_t *state, struct text *out);
/* The numbers of its id come from a sequence. */
bool random_postgresql_counts(const struct random_table *table);

#endif
