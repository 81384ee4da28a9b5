/* SPDX-License-Identifier: MIT
 * Rebuilding a table that others refer to. With foreign keys enforced, DROP TABLE first deletes every row,
 * and that deletes or nulls the rows that refer to them; inside a transaction the pragma that would prevent
 * it does nothing. So the pragma is set here, before the transaction begins, and what it would have guarded
 * is checked before it ends: no row that refers to nothing, no foreign key without its table, no view or
 * trigger that no longer compiles, unless it was so before. */
#include "database/sqlite/definition.h"
#include "database/sqlite/violations.h"

#include "util/memory.h"

#include <string.h>

/* ---- what a statement does to tables ---- */

struct rebuild_reader {
    const char *text;
    size_t length, offset;
    struct sql_token token;
};

static void advance(struct rebuild_reader *reader)
{
    do {
        reader->token = sql_lex(&sql_sqlite, reader->text, reader->length, reader->offset);
        reader->offset = reader->token.offset + reader->token.length;
    } while (reader->token.kind == SQL_SPACE || reader->token.kind == SQL_LINE_COMMENT ||
             reader->token.kind == SQL_BLOCK_COMMENT);
}

static bool take(struct rebuild_reader *reader, const char *word)
{
    if (!sql_is_word(reader->text, reader->token, word))
        return false;
    advance(reader);
    return true;
}

/* A name without its quotes; of schema.name the last part. */
static void take_name(struct rebuild_reader *reader, struct text *out)
{
    for (;;) {
        const char *at = reader->text + reader->token.offset;
        size_t length = reader->token.length;

        if (reader->token.kind != SQL_WORD && reader->token.kind != SQL_NAME &&
            reader->token.kind != SQL_STRING)
            return;
        text_clear(out);
        if (reader->token.kind == SQL_WORD) {
            text_add_n(out, at, length);
        } else {
            char close = at[0] == '[' ? ']' : at[0];
            for (size_t i = 1; i + 1 < length; i++) {
                text_add_char(out, at[i]);
                i += at[i] == close; /* a doubled quote stands for one */
            }
        }
        advance(reader);
        if (reader->token.kind != SQL_SYMBOL || reader->text[reader->token.offset] != '.')
            return;
        advance(reader);
    }
}

bool sqlite_rebuild_drops(const char *statement, size_t length, struct text *table)
{
    struct rebuild_reader reader = {.text = statement, .length = length};

    advance(&reader);
    if (take(&reader, "drop")) {
        if (!take(&reader, "table"))
            return false;
        if (take(&reader, "if"))
            take(&reader, "exists");
        take_name(&reader, table);
        return table->length > 0;
    }
    if (!take(&reader, "alter") || !take(&reader, "table"))
        return false;
    take_name(&reader, table);
    return table->length > 0 && take(&reader, "rename") && take(&reader, "to");
}

void sqlite_rebuild_refers(const char *statement, size_t length, struct text *names)
{
    struct rebuild_reader reader = {.text = statement, .length = length};
    struct text name = {0};

    advance(&reader);
    if (!sql_is_word(statement, reader.token, "create") && !sql_is_word(statement, reader.token, "alter"))
        return;
    while (reader.token.kind != SQL_END) {
        if (!take(&reader, "references")) {
            advance(&reader);
            continue;
        }
        text_clear(&name);
        take_name(&reader, &name);
        if (name.length > 0) {
            text_add_n(names, name.data, name.length);
            text_add_char(names, '\n');
        }
    }
    names->failed |= name.failed;
    text_free(&name);
}

/* ALTER TABLE t RENAME TO u; ALTER TABLE t RENAME [COLUMN] a TO b. A column may be called COLUMN, or TO. */
static bool take_rename(struct rebuild_reader *reader, struct text *table, struct text *column, struct text *to)
{
    if (!take(reader, "alter") || !take(reader, "table"))
        return false;
    take_name(reader, table);
    if (table->length == 0 || !take(reader, "rename"))
        return false;
    if (take(reader, "to")) {
        take_name(reader, to);
        return to->length > 0;
    }
    take(reader, "column");
    take_name(reader, column);
    if (!take(reader, "to"))
        return false;
    take_name(reader, to);
    return column->length > 0 && to->length > 0;
}

bool sqlite_renames_of(const char *statement, size_t length, struct text *from, struct text *to)
{
    struct rebuild_reader reader = {.text = statement, .length = length};
    struct text table = {0}, column = {0}, name = {0};
    bool found;

    advance(&reader);
    found = take_rename(&reader, &table, &column, &name);
    if (found && column.length > 0) {
        sqlite_name(from, table.data);
        text_add_char(from, '.');
        sqlite_name(from, column.data);
        sqlite_name(to, table.data);
        text_add_char(to, '.');
        sqlite_name(to, name.data);
    } else if (found) {
        sqlite_name(from, table.data);
        sqlite_name(to, name.data);
    }
    from->failed |= table.failed || column.failed || name.failed;
    text_free(&table);
    text_free(&column);
    text_free(&name);
    return found || from->failed;
}

int32_t sqlite_rebuild_referred(struct database *db, const char *table, bool *out, migrate_error **err)
{
    struct text sql = {0};
    int32_t result;

    text_add(&sql,
             "SELECT EXISTS(SELECT 1 FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name) AS f "
             "WHERE m.type = 'table' AND f.\"table\" = ");
    database_sqlite.literal(&sql, table, strlen(table));
    text_add(&sql, " COLLATE NOCASE)");
    result = database_ask(db, &sql, out, err);
    text_free(&sql);
    return result;
}

/* ---- the state of the schema ---- */

static int32_t ask_number(struct database *db, const char *query, int64_t *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t result = db->class->query(db, query, &rows, err);

    if (result == MIGRATE_OK)
        *out = rows_int(rows, 0, 0);
    rows_free(rows);
    return result;
}

/* The names of views, and of tables and views with triggers, that do not compile; a newline behind each. */
int32_t sqlite_broken(struct database *db, struct text *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t result = db->class->query(
        db,
        "SELECT name, 1, NULL FROM main.sqlite_master WHERE type = 'view' "
        "UNION ALL SELECT DISTINCT t.tbl_name, 0, (SELECT c.name FROM pragma_table_info(t.tbl_name) AS c "
        "ORDER BY c.pk, c.cid LIMIT 1) FROM main.sqlite_master AS t WHERE t.type = 'trigger'",
        &rows, err);

    for (size_t row = 0; result == MIGRATE_OK && row < rows_count(rows); row++) {
        const char *column = rows_text(rows, row, 2);
        bool view = rows_int(rows, row, 1) != 0;

        int32_t code = MIGRATE_OK;

        if ((view || column != NULL) && sqlite_object_compiles(db, rows_text(rows, row, 0), view, column, NULL, &code))
            continue;
        if (code != MIGRATE_OK)
            result = code == MIGRATE_ERROR_NOMEM ? error_nomem(err) : watch_error(db->watch, code, err);
        if (result != MIGRATE_OK)
            break;
        text_add(out, rows_text(rows, row, 0));
        text_add_char(out, '\n');
    }
    rows_free(rows);
    return result == MIGRATE_OK && out->failed ? error_nomem(err) : result;
}

#define DANGLING                                                                                             \
    "main.sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND NOT EXISTS "   \
    "(SELECT 1 FROM main.sqlite_master AS t WHERE t.type = 'table' AND t.name = f.\"table\" COLLATE NOCASE)"
#define DANGLING_NAMES "SELECT DISTINCT lower(f.\"table\") FROM " DANGLING
#define TABLE_NAMES "SELECT lower(name) FROM main.sqlite_master WHERE type = 'table'"

/* The first column of a query; a newline behind each. */
static int32_t list_names(struct database *db, const char *query, struct text *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t result = db->class->query(db, query, &rows, err);

    for (size_t row = 0; result == MIGRATE_OK && row < rows_count(rows); row++) {
        text_add(out, rows_text(rows, row, 0));
        text_add_char(out, '\n');
    }
    rows_free(rows);
    return result == MIGRATE_OK && out->failed ? error_nomem(err) : result;
}

/* ---- around the transaction ---- */

/* The migration asks for what an own connection does not do by itself. */
static int32_t enforce_keys(struct database *db, bool outside, struct database_rebuild *state, migrate_error **err)
{
    int64_t on = 0;
    int32_t result = ask_number(db, "PRAGMA foreign_keys", &on, err);

    memset(state, 0, sizeof *state);
    state->enforced = true;
    state->was_on = on != 0;
    if (result != MIGRATE_OK || on != 0)
        return result;
    if (!outside) {
        result = error_set(err, MIGRATE_ERROR_REFUSED, "foreign keys cannot be enforced inside this transaction");
        error_hint(err, "\"-- migrate: foreign-keys on\" needs a transaction of its own: run it without transaction=run and "
                        "host_transaction=use, or begin with PRAGMA foreign_keys=ON");
        return result;
    }
    return database_exec(db, "PRAGMA foreign_keys = ON", err);
}

int32_t sqlite_rebuild_begin(struct database *db, bool outside, bool enforce, struct database_rebuild *state,
                             migrate_error **err)
{
    struct text broken = {0}, names = {0}, violations = {0};
    int64_t on = 0;
    int32_t result;

    if (enforce)
        return enforce_keys(db, outside, state, err);
    result = ask_number(db, "PRAGMA foreign_keys", &on, err);

    memset(state, 0, sizeof *state);
    if (result == MIGRATE_OK && on != 0 && !outside) {
        result = error_set(err, MIGRATE_ERROR_REFUSED,
                           "a table that others refer to cannot be rebuilt inside this transaction: it would "
                           "delete their rows");
        error_hint(
            err, "foreign keys are enforced, and cannot be switched off inside a transaction: run it without "
                 "transaction=run and host_transaction=use, or begin with PRAGMA foreign_keys=OFF");
        return result;
    }
    if (result == MIGRATE_OK && on != 0)
        result = database_exec(db, "PRAGMA foreign_keys = OFF", err);
    state->was_on = on != 0;
    if (result == MIGRATE_OK)
        result = sqlite_violations(db, &violations, err);
    if (result == MIGRATE_OK)
        result = sqlite_broken(db, &broken, err);
    if (result == MIGRATE_OK)
        result = list_names(db, TABLE_NAMES " UNION " DANGLING_NAMES, &names, err);
    state->broken = result == MIGRATE_OK ? text_take(&broken) : NULL;
    state->names = result == MIGRATE_OK ? text_take(&names) : NULL;
    state->violations = result == MIGRATE_OK ? text_take(&violations) : NULL;
    text_free(&broken);
    text_free(&names);
    text_free(&violations);
    if (result == MIGRATE_OK && (state->broken == NULL || state->names == NULL || state->violations == NULL))
        result = error_nomem(err);
    if (result != MIGRATE_OK)
        sqlite_rebuild_end(db, state, NULL);
    return result;
}

static int32_t check_violations(struct database *db, const struct database_rebuild *state, migrate_error **err)
{
    enum { SHOWN = 5 };
    struct text now = {0}, shown = {0};
    size_t count = 0;
    int32_t result = sqlite_violations(db, &now, err);

    if (result == MIGRATE_OK && now.length > 0)
        result = sqlite_violations_new(now.data, state->violations, SHOWN, &count, &shown, err);
    if (result == MIGRATE_OK && count > 0) {
        result = error_set(err, MIGRATE_ERROR_REFUSED, "rows would be left that refer to nothing: %zu", count);
        error_detail(err, "%s", shown.data);
        error_hint(err, "PRAGMA foreign_key_check lists them; delete them or bring their parents back in the migration");
    }
    text_free(&now);
    text_free(&shown);
    return result;
}

/* The first name that is not among those before; NULL if there is none. */
static char *first_new(char *now, const char *before)
{
    for (char *name = now, *end; (end = strchr(name, '\n')) != NULL; name = end + 1) {
        size_t length = (size_t)(end - name) + 1;
        bool known = false;

        for (const char *old = before; old != NULL && !known;
             old = strchr(old, '\n') ? strchr(old, '\n') + 1 : NULL)
            known = strncmp(old, name, length) == 0;
        if (!known) {
            *end = '\0';
            return name;
        }
    }
    return NULL;
}

/* Renaming the old table away takes the references along: they then name a table that never was, and is
 * dropped. A table that was there under its own name, and that nobody's rows need, may be dropped. */
static int32_t check_references(struct database *db, const struct database_rebuild *state,
                                migrate_error **err)
{
    struct text names = {0};
    char *name = NULL;
    int32_t result = list_names(db, DANGLING_NAMES, &names, err);

    if (result == MIGRATE_OK && names.length > 0 && (name = first_new(names.data, state->names)) != NULL) {
        result = error_set(err, MIGRATE_ERROR_REFUSED,
                           "a foreign key would be left that refers to %s, which does not exist", name);
        error_hint(err,
                   "create the new table under another name, copy, drop the old one, then rename the new "
                   "one to the old name; renaming the old one away takes the references along");
    }
    text_free(&names);
    return result;
}

static int32_t check_programs(struct database *db, const struct database_rebuild *state, migrate_error **err)
{
    struct text broken = {0};
    char *name = NULL;
    int32_t result = sqlite_broken(db, &broken, err);

    if (result == MIGRATE_OK && broken.length > 0 && (name = first_new(broken.data, state->broken)) != NULL) {
        result = error_set(err, MIGRATE_ERROR_REFUSED,
                           "the view %s, or a trigger on it, would no longer work", name);
        error_hint(err, "drop it before the rebuild and create it anew behind it");
    }
    text_free(&broken);
    return result;
}

int32_t sqlite_rebuild_check(struct database *db, const struct database_rebuild *state, migrate_error **err)
{
    int32_t result;

    if (state->enforced)
        return MIGRATE_OK;
    result = check_references(db, state, err);
    if (result == MIGRATE_OK)
        result = check_violations(db, state, err);
    return result == MIGRATE_OK ? check_programs(db, state, err) : result;
}

int32_t sqlite_rebuild_end(struct database *db, struct database_rebuild *state, migrate_error **err)
{
    struct watch *watch = db->watch;
    int32_t result = MIGRATE_OK;

    db->watch = NULL;
    if (state->was_on != state->enforced)
        result = database_exec(db, state->was_on ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF", err);
    db->watch = watch;
    memory_free(state->broken);
    memory_free(state->violations);
    memory_free(state->names);
    memset(state, 0, sizeof *state);
    return result;
}
