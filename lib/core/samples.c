/* SPDX-License-Identifier: MIT
 * Sample rows and what became of them. The engine says what values a column takes, the rest is trying. */
#include "core/samples.h"

#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

#define SAVEPOINT "libmigrate_sample"

/* Columns of what the engine lists. */
enum { TABLE, COLUMN, NEEDED, PARENT, FIRST_VALUE, SECOND_VALUE, KEY };

/* A digest of each, many in one query. */
enum { TOGETHER = 50, NAMED_MOST = 10 };

/* The rows of a list that are about one table. */
struct table {
    const char *name, *key;
    size_t first, count;
    bool waits; /* has not had its chance */
};

struct tables {
    struct table *items;
    size_t count, capacity;
    struct migrate_rows *rows;
};

static void tables_free(struct tables *tables)
{
    memory_free(tables->items);
    rows_free(tables->rows);
}

static int32_t tables_read(migrate_session *session, struct tables *out, migrate_error **err)
{
    struct database_facts_wish wish = {.schema = session->history_schema, .table = session->history_table};
    int32_t code = session->db->engine->samples->list(session->db, &wish, &out->rows, err);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(out->rows); row++) {
        const char *name = rows_text(out->rows, row, TABLE);
        if (!out->count || strcmp(out->items[out->count - 1].name, name) != 0) {
            if (!array_reserve(out))
                return error_nomem(err);
            out->items[out->count++] = (struct table){.name = name, .key = rows_text(out->rows, row, KEY), .first = row};
        }
        out->items[out->count - 1].count++;
    }
    return code;
}

/* ---- filling ---- */

/* How much is put into a table: all columns of two rows, of one row, or only what one row needs. */
enum amount { TWO_ROWS, ONE_ROW, LEAST, AMOUNTS };

static void add_row(struct text *sql, const struct tables *tables, const struct table *table, int value, bool least)
{
    const char *between = "SELECT ";
    for (size_t i = 0; i < table->count; i++) {
        if (least && !rows_int(tables->rows, table->first + i, NEEDED))
            continue;
        text_format(sql, "%s%s AS c%zu", between, rows_text(tables->rows, table->first + i, (size_t)value), i);
        between = ", ";
    }
}

/* false: there is nothing to say. */
static bool add_insert(struct text *sql, const struct database_samples *samples, const struct tables *tables, const struct table *table,
                       enum amount amount)
{
    size_t columns = 0;
    text_format(sql, "INSERT INTO %s (", table->name);
    for (size_t i = 0; i < table->count; i++) {
        if (amount == LEAST && !rows_int(tables->rows, table->first + i, NEEDED))
            continue;
        text_format(sql, "%s%s", columns++ ? ", " : "", rows_text(tables->rows, table->first + i, COLUMN));
    }
    text_format(sql, ") %sSELECT * FROM (", samples->overriding);
    add_row(sql, tables, table, FIRST_VALUE, amount == LEAST);
    if (amount == TWO_ROWS) {
        text_add(sql, " UNION ALL ");
        add_row(sql, tables, table, SECOND_VALUE, false);
    }
    text_format(sql, ") AS v WHERE NOT EXISTS (SELECT 1 FROM %s)%s", table->name, samples->settle);
    return columns > 0;
}

/* A lack of memory may come in the way of another error, whose code it has then. */
static int32_t code_of(int32_t code, const migrate_error *problem)
{
    return problem && problem->code == MIGRATE_ERROR_NOMEM ? MIGRATE_ERROR_NOMEM : code;
}

/* An error of the statement itself is no error here. */
static bool is_fatal(int32_t code)
{
    return code == MIGRATE_ERROR_NOMEM || code == MIGRATE_ERROR_CANCELLED || code == MIGRATE_ERROR_TIMEOUT ||
           code == MIGRATE_ERROR_CONNECTION_LOST || code == MIGRATE_ERROR_IO;
}

static int32_t try_amount(migrate_session *session, const struct tables *tables, const struct table *table, enum amount amount, bool *good,
                          migrate_error **err)
{
    struct database *db = session->db;
    struct text sql = {0};
    migrate_error *problem = NULL;
    int32_t code = MIGRATE_OK;
    text_add(&sql, "SAVEPOINT " SAVEPOINT ";\n");
    if (add_insert(&sql, db->engine->samples, tables, table, amount)) {
        code = database_exec_text(db, &sql, NULL, &problem);
        if (code == MIGRATE_OK && db->class->deferred_check)
            code = db->class->deferred_check(db, &problem);
        code = code_of(code, problem);
        *good = code == MIGRATE_OK;
        if (*good)
            code = database_exec(db, "RELEASE SAVEPOINT " SAVEPOINT, &problem);
        else if (!is_fatal(code))
            code = database_clean_up(db, "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT, &problem);
        if (code != MIGRATE_OK)
            error_move(err, &problem);
        error_clear(&problem);
    }
    text_free(&sql);
    return code;
}

static int32_t fill_table(migrate_session *session, const struct tables *tables, const struct table *table, migrate_error **err)
{
    bool good = false;
    int32_t code = MIGRATE_OK;
    for (int amount = TWO_ROWS; amount < AMOUNTS && !good && code == MIGRATE_OK; amount++)
        code = try_amount(session, tables, table, (enum amount)amount, &good, err);
    return code;
}

/* Another table that waits is referred to. */
static bool has_to_wait(const struct tables *tables, const struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *parent = rows_text(tables->rows, table->first + i, PARENT);
        for (size_t t = 0; parent && t < tables->count; t++) {
            if (tables->items[t].waits && &tables->items[t] != table && text_equal_nocase(tables->items[t].name, parent))
                return true;
        }
    }
    return false;
}

/* What is referred to comes first; in a circle, any. */
static int32_t fill_all(migrate_session *session, struct tables *tables, migrate_error **err)
{
    bool moved = true, circle = false;
    int32_t code = MIGRATE_OK;
    while (code == MIGRATE_OK && (moved || !circle)) {
        circle = !moved;
        moved = false;
        for (size_t i = 0; code == MIGRATE_OK && i < tables->count; i++) {
            struct table *table = &tables->items[i];
            if (!table->waits || (!circle && has_to_wait(tables, table)))
                continue;
            code = fill_table(session, tables, table, err);
            table->waits = false;
            moved = true;
            if (circle)
                break;
        }
    }
    return code;
}

static bool is_seen(const struct samples *samples, const char *key)
{
    for (size_t i = 0; i < samples->seen.count; i++) {
        if (strcmp(samples->seen.items[i], key) == 0)
            return true;
    }
    return false;
}

/* Those that are new; under the same name they may be. */
static int32_t choose(struct samples *samples, struct tables *tables, bool *any, migrate_error **err)
{
    for (size_t i = 0; i < tables->count; i++) {
        struct text key = {0};
        text_format(&key, "%s %s", tables->items[i].name, tables->items[i].key ? tables->items[i].key : "");
        if (key.failed || !array_reserve(&samples->seen)) {
            text_free(&key);
            return error_nomem(err);
        }
        tables->items[i].waits = !is_seen(samples, key.data);
        if (tables->items[i].waits) {
            *any = true;
            samples->seen.items[samples->seen.count++] = arena_text(&samples->arena, key.data);
        }
        text_free(&key);
        if (samples->arena.failed) {
            samples->seen.count--;
            return error_nomem(err);
        }
    }
    return MIGRATE_OK;
}

int32_t samples_fill(migrate_session *session, struct samples *samples, migrate_error **err)
{
    struct tables tables = {0};
    struct text begin = {0};
    struct database *db = session->db;
    bool any = false;
    int32_t code = tables_read(session, &tables, err);
    if (code == MIGRATE_OK)
        code = choose(samples, &tables, &any, err);
    if (code == MIGRATE_OK && any) {
        db->engine->begin(&begin, option_text(session->options, OPTION_SET_ROLE));
        code = database_exec_text(db, &begin, NULL, err);
        if (code == MIGRATE_OK)
            code = fill_all(session, &tables, err);
        if (code == MIGRATE_OK)
            code = database_exec(db, "COMMIT", err);
        if (code != MIGRATE_OK && db->class->transaction(db) != DATABASE_IDLE && db->class->transaction(db) != DATABASE_LOST)
            database_clean_up(db, "ROLLBACK", NULL);
    }
    text_free(&begin);
    tables_free(&tables);
    return code;
}

void samples_free(struct samples *samples)
{
    memory_free(samples->seen.items);
    arena_free(&samples->arena);
    *samples = (struct samples){0};
}

/* ---- what is there ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Columns by their names: they may stand in another order later. */
static int32_t add_digest(struct text *sql, const struct database_samples *samples, const struct tables *tables,
                          const struct table *table, size_t number, migrate_error **err)
{
    const char **columns = memory_new((table->count + 1) * sizeof *columns);
    if (!columns)
        return error_nomem(err);
    for (size_t i = 0; i < table->count; i++)
        columns[i] = rows_text(tables->rows, table->first + i, COLUMN);
    qsort(columns, table->count, sizeof *columns, by_name);
    text_format(sql, "%sSELECT %zu, ", sql->length ? " UNION ALL " : "", number);
    samples->digest(sql, table->name, columns, table->count);
    memory_free(columns);
    return MIGRATE_OK;
}

/* *unreadable: one of them at least cannot be read. */
static int32_t take_digests(migrate_session *session, const struct tables *tables, const struct text *sql, struct contents *out,
                            bool *unreadable, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    migrate_error *problem = NULL;
    int32_t code = database_query(session->db, sql, &rows, &problem);
    code = code_of(code, problem);
    *unreadable = code != MIGRATE_OK && !is_fatal(code);
    if (*unreadable) {
        error_clear(&problem);
        return MIGRATE_OK;
    }
    error_move(err, &problem);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(rows); row++) {
        size_t number = (size_t)rows_int(rows, row, 0);
        const char *digest = rows_text(rows, row, 2);
        if (!array_reserve(&out->tables)) {
            code = error_nomem(err);
            break;
        }
        out->tables.items[out->tables.count++] = (struct table_contents){
            .table = arena_text(&out->arena, tables->items[number].name), .digest = arena_text(&out->arena, digest ? digest : ""),
            .rows = rows_int(rows, row, 1)};
    }
    rows_free(rows);
    return code == MIGRATE_OK && out->arena.failed ? error_nomem(err) : code;
}

/* Together; and where that does not work, one by one, so that none is left out for another's sake. */
static int32_t read_some(migrate_session *session, const struct tables *tables, size_t first, size_t count, struct contents *out,
                         migrate_error **err)
{
    struct text sql = {0};
    bool unreadable = false;
    int32_t code = MIGRATE_OK;
    for (size_t i = first; code == MIGRATE_OK && i < first + count; i++)
        code = add_digest(&sql, session->db->engine->samples, tables, &tables->items[i], i, err);
    if (code == MIGRATE_OK)
        code = take_digests(session, tables, &sql, out, &unreadable, err);
    text_free(&sql);
    if (unreadable && count == 1)
        text_format(&out->unread, "%s%s", out->unread.length ? ", " : "", tables->items[first].name);
    for (size_t i = first; code == MIGRATE_OK && unreadable && count > 1 && i < first + count; i++)
        code = read_some(session, tables, i, 1, out, err);
    return code == MIGRATE_OK && out->unread.failed ? error_nomem(err) : code;
}

int32_t contents_read(migrate_session *session, struct contents *out, migrate_error **err)
{
    struct tables tables = {0};
    int32_t code = tables_read(session, &tables, err);
    for (size_t i = 0; code == MIGRATE_OK && i < tables.count; i += TOGETHER)
        code = read_some(session, &tables, i, tables.count - i < TOGETHER ? tables.count - i : TOGETHER, out, err);
    tables_free(&tables);
    return code;
}

static const struct table_contents *find_table(const struct contents *contents, const char *table)
{
    for (size_t i = 0; i < contents->tables.count; i++) {
        if (strcmp(contents->tables.items[i].table, table) == 0)
            return &contents->tables.items[i];
    }
    return NULL;
}

size_t contents_differ(const struct contents *before, const struct contents *after, struct text *out)
{
    size_t count = 0;
    for (size_t i = 0; i < before->tables.count; i++) {
        const struct table_contents *a = &before->tables.items[i], *b = find_table(after, a->table);
        if (!b || (a->rows == b->rows && strcmp(a->digest, b->digest) == 0))
            continue;
        if (count++ >= NAMED_MOST)
            continue;
        text_add(out, out->length ? "\n" : "");
        if (a->rows == b->rows)
            text_format(out, "rows of %s are not what they were", a->table);
        else
            text_format(out, "%s had %lld row%s, and has %lld", a->table, (long long)a->rows, a->rows == 1 ? "" : "s", (long long)b->rows);
    }
    return count;
}

void contents_free(struct contents *contents)
{
    memory_free(contents->tables.items);
    text_free(&contents->unread);
    arena_free(&contents->arena);
    *contents = (struct contents){0};
}
