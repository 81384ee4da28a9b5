/* SPDX-License-Identifier: MIT
 * Databases of tests, the way from one schema to another, and a look at what it did. */
#include "frame.h"

#include "database/client.h"
#include "database/sqlite/sqlite.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- databases ---- */

static struct database *open_memory(void)
{
    struct database_options options = {.application_name = "test", .create = true};
    struct database *db = NULL;

    if (database_open("sqlite::memory:", &options, &db, NULL) != MIGRATE_OK)
        frame_die("no database");
    return db;
}

struct database *frame_open(const char *sql)
{
    struct database *db = open_memory();

    frame_run(db, sql);
    frame_run(db, "PRAGMA foreign_keys = ON");
    return db;
}

struct database *frame_copy(struct database *db)
{
    struct database *copy = open_memory();
    sqlite3_backup *backup = sqlite3_backup_init(copy->class->handle(copy), "main", db->class->handle(db), "main");

    if (backup == NULL || sqlite3_backup_step(backup, -1) != SQLITE_DONE || sqlite3_backup_finish(backup) != SQLITE_OK)
        frame_die("the database cannot be copied");
    frame_run(copy, "PRAGMA foreign_keys = ON");
    return copy;
}

char *frame_ask(struct database *db, const char *sql)
{
    struct migrate_rows *rows = NULL;
    migrate_error *err = NULL;

    if (db->class->query(db, sql, &rows, &err) != MIGRATE_OK) {
        struct text out = {0};
        text_format(&out, "failed: %s", err->message);
        error_free(err);
        return text_take(&out);
    }
    return frame_lines(rows);
}

struct facts frame_facts(struct database *db)
{
    struct database_facts_wish wish = {.schema = "main", .table = "libmigrate_history"};
    struct facts facts = {0};
    migrate_error *err = NULL;

    if (facts_read(db, &wish, &facts, &err) != MIGRATE_OK)
        frame_die("facts: %s", err->message);
    return facts;
}

/* ---- the way ---- */

struct frame_way frame_find(struct database *from, const struct facts *to, const struct fact_renamed *renamed, size_t count, bool same)
{
    struct changes_wish wish = {.facts = {.schema = "main", .table = "libmigrate_history"}, .same_database = same, .renamed = renamed,
                                .renamed_count = count};
    struct facts facts = frame_facts(from);
    struct frame_way way = {0};
    struct database *clone = NULL;
    struct text sql = {0}, left = {0};
    migrate_error *err = NULL;

    if (sqlite_clone_schema(from, &clone, &err) != MIGRATE_OK)
        frame_die("clone: %s", err->message);
    if (changes_find(&facts, to, &wish, clone, &way.changes, &err) != MIGRATE_OK)
        frame_die("changes: %s", err->message);
    database_close(clone);
    facts_free(&facts);
    if (changes_sql(&way.changes, &database_sqlite, &sql, &err) != MIGRATE_OK)
        frame_die("no memory");
    for (size_t i = 0; i < way.changes.left.count; i++)
        text_format(&left, "%s %s: %s; ", way.changes.left.items[i].kind, way.changes.left.items[i].ident,
                    way.changes.left.items[i].reason);
    way.good = way.changes.proven && way.changes.left.count == 0;
    way.sql = text_take(&sql);
    way.left_out = text_take(&left);
    return way;
}

void frame_way_free(struct frame_way *way)
{
    changes_free(&way->changes);
    free(way->sql);
    free(way->left_out);
}

static char *said(migrate_error *err)
{
    char *text = memory_text(err != NULL ? err->message : "no reason given");

    error_free(err);
    return text;
}

/* Under a module of its own, so that it is the first one. */
char *frame_migrate(struct database *db, const char *sql)
{
    migrate_client *client = NULL;
    migrate_source *source = NULL;
    migrate_options *options = NULL;
    migrate_session *session = NULL;
    migrate_rows *report = NULL;
    migrate_error *err = NULL;
    int32_t rc = client_load(&sqlite_library, &client, &err);

    if (rc == MIGRATE_OK)
        rc = migrate_source_new(&source, &err);
    if (rc == MIGRATE_OK)
        rc = migrate_source_add(source, "001_way", *sql != '\0' ? sql : "SELECT 1", NULL, &err);
    if (rc == MIGRATE_OK)
        rc = migrate_options_new(&options, &err);
    if (rc == MIGRATE_OK)
        rc = migrate_options_set(options, "on_unmanaged", "apply", &err);
    if (rc == MIGRATE_OK)
        rc = migrate_options_set(options, "generate_down", "off", &err);
    if (rc == MIGRATE_OK)
        rc = migrate_options_set_source(options, source, &err);
    if (rc == MIGRATE_OK)
        rc = migrate_open_handle(client, db->class->handle(db), options, &session, &err);
    if (rc == MIGRATE_OK)
        rc = migrate_apply(session, NULL, &report, &err);
    migrate_rows_free(report);
    migrate_close(session);
    migrate_options_free(options);
    migrate_source_free(source);
    client_unref(client);
    frame_run(db, "DROP TABLE IF EXISTS libmigrate_history");
    return rc == MIGRATE_OK ? NULL : said(err);
}

/* ---- what became of it ---- */

/* It begins with that name. */
static bool is_of(const char *ident, const char *name)
{
    size_t length = strlen(name);

    return strncmp(ident, name, length) == 0 && (ident[length] == '\0' || ident[length] == '.');
}

/* What an ident of the second schema was called in the first one; "" for what is new under a name that something else had. */
static void first_name(const char *ident, const struct fact_renamed *renamed, size_t count, struct text *out)
{
    text_clear(out);
    text_add(out, ident);
    for (size_t i = count; i > 0 && out->length > 0; i--) {
        if (is_of(out->data, renamed[i - 1].to)) {
            char *rest = memory_text(out->data + strlen(renamed[i - 1].to));
            text_clear(out);
            text_add(out, renamed[i - 1].from);
            text_add(out, rest);
            memory_free(rest);
        } else if (is_of(out->data, renamed[i - 1].from)) {
            text_clear(out);
        }
    }
}

static const struct fact *fact_of(const struct facts *facts, const char *kind, const char *ident)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (text_equal_nocase(facts->items[i].ident, ident) && strcmp(facts->items[i].kind, kind) == 0)
            return &facts->items[i];
    }
    return NULL;
}

static bool generated(const struct fact *column)
{
    return strstr(column->value, " AS (") != NULL;
}

/* Values are compared as they are; where the type is another one, as numbers. */
static void add_columns(struct text *sql, int side, const struct fact *table, const struct facts *first, const struct facts *second,
                        const struct fact_renamed *renamed, size_t count)
{
    struct text name = {0};

    for (size_t i = 0; i < second->count; i++) {
        const struct fact *there = &second->items[i], *here;
        size_t type;
        bool same;
        if (strcmp(there->kind, "column") != 0 || strcmp(there->inside, table->key) != 0)
            continue;
        first_name(there->ident, renamed, count, &name);
        here = fact_of(first, "column", name.data);
        if (here == NULL || generated(here) || generated(there))
            continue;
        type = strcspn(here->value, " ");
        same = strcspn(there->value, " ") == type && strncmp(here->value, there->value, type) == 0;
        text_add(sql, same ? ", quote(" : ", CAST(");
        database_sqlite.name_quoted(sql, NULL, side == 0 ? here->name : there->name);
        text_add(sql, same ? ")" : " AS REAL)");
    }
    text_free(&name);
}

static bool has_rowids(const struct fact *a, const struct fact *b)
{
    return strstr(a->value, "WITHOUT ROWID") == NULL && strstr(b->value, "WITHOUT ROWID") == NULL;
}

/* The counter of AUTOINCREMENT, where both have one. */
static void add_counter(struct text *out, struct database *db, const struct fact *here, const struct fact *there,
                        const struct facts *first, const struct facts *second, int side)
{
    const struct fact *a = fact_of(first, "primary key", here->ident), *b = fact_of(second, "primary key", there->ident);
    struct text sql = {0};
    char *answer;

    if (a == NULL || b == NULL || strstr(a->value, "AUTOINCREMENT") == NULL || strstr(b->value, "AUTOINCREMENT") == NULL)
        return;
    text_add(&sql, "SELECT 'counter', seq FROM sqlite_sequence WHERE name = ");
    database_sqlite.literal(&sql, side == 0 ? here->name : there->name, strlen(side == 0 ? here->name : there->name));
    answer = frame_ask(db, sql.data);
    text_add(out, answer);
    free(answer);
    text_free(&sql);
}

char *frame_rows(struct database *db, int side, const struct facts *first, const struct facts *second, const struct fact_renamed *renamed,
                 size_t count)
{
    struct text out = {0}, name = {0}, sql = {0};

    for (size_t i = 0; i < second->count; i++) {
        const struct fact *there = &second->items[i], *here;
        char *rows;
        if (strcmp(there->kind, "table") != 0)
            continue;
        first_name(there->ident, renamed, count, &name);
        here = fact_of(first, "table", name.data);
        if (here == NULL)
            continue;
        text_clear(&sql);
        text_format(&sql, "SELECT %s", has_rowids(here, there) ? "rowid" : "''");
        add_columns(&sql, side, there, first, second, renamed, count);
        text_format(&sql, " FROM %s ORDER BY 1, 2", side == 0 ? here->ident : there->ident);
        rows = frame_ask(db, sql.data);
        if (strncmp(rows, "failed: 1st ORDER BY", 12) == 0 || strncmp(rows, "failed: 2nd ORDER BY", 12) == 0) {
            free(rows);
            sql.length = 0;
            text_format(&sql, "SELECT count(*) FROM %s", side == 0 ? here->ident : there->ident);
            rows = frame_ask(db, sql.data);
        }
        text_format(&out, "%s\n%s", there->ident, rows);
        free(rows);
        add_counter(&out, db, here, there, first, second, side);
    }
    text_free(&name);
    text_free(&sql);
    return text_take(&out);
}

char *frame_sound(struct database *db)
{
    char *keys = frame_ask(db, "PRAGMA foreign_key_check"), *whole = frame_ask(db, "PRAGMA integrity_check");
    struct text out = {0};

    if (*keys == '\0' && strcmp(whole, "ok\n") == 0) {
        free(keys);
        free(whole);
        return NULL;
    }
    text_format(&out, "foreign keys: %sintegrity: %s", keys, whole);
    free(keys);
    free(whole);
    return text_take(&out);
}
