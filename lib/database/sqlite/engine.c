/* SPDX-License-Identifier: MIT
 * The SQL that the library speaks to SQLite. sqlite_master, not sqlite_schema: that name came with 3.33. */
#include "database/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>

static void quoted(struct text *out, const char *text, size_t length, char quote)
{
    const char *end = text + length, *found;

    text_add_char(out, quote);
    while ((found = memchr(text, quote, (size_t)(end - text))) != NULL) {
        text_add_n(out, text, (size_t)(found + 1 - text));
        text_add_char(out, quote);
        text = found + 1;
    }
    text_add_n(out, text, (size_t)(end - text));
    text_add_char(out, quote);
}

static void name_quoted(struct text *out, const char *schema, const char *table)
{
    if (schema != NULL && *schema != '\0') {
        quoted(out, schema, strlen(schema), '"');
        text_add_char(out, '.');
    }
    quoted(out, table, strlen(table), '"');
}

static void literal(struct text *out, const char *text, size_t length)
{
    if (text == NULL)
        text_add(out, "NULL");
    else
        quoted(out, text, length, '\'');
}

static void boolean(struct text *out, bool truth)
{
    text_add_char(out, truth ? '1' : '0');
}

/* A table with rowids: rows are long (down_sql), and would leave the inner pages of a table WITHOUT ROWID
 * little room. The newest row is two short descents, primary key and row. */
static void history_create(struct text *out, const char *schema, const char *table)
{
    text_add(out, "CREATE TABLE IF NOT EXISTS ");
    name_quoted(out, schema, table);
    text_add(out, " (\n"
                  "    module TEXT NOT NULL, seq INTEGER NOT NULL,\n"
                  "    format INTEGER NOT NULL,\n"
                  "    event TEXT NOT NULL,\n"
                  "    effect TEXT NOT NULL,\n"
                  "    kind TEXT NOT NULL,\n"
                  "    id TEXT NOT NULL, name TEXT, checksum TEXT, token_checksum TEXT,\n"
                  "    breaking INTEGER NOT NULL,\n"
                  "    state TEXT NOT NULL, chain TEXT NOT NULL,\n"
                  "    run TEXT NOT NULL,\n"
                  "    statement INTEGER, statement_hash TEXT, statement_sql TEXT,\n"
                  "    down_sql TEXT, fingerprint TEXT,\n"
                  "    at INTEGER NOT NULL, duration_us INTEGER,\n"
                  "    db_user TEXT, actor TEXT, host TEXT, application TEXT, library TEXT,\n"
                  "    reason TEXT, error TEXT,\n"
                  "    PRIMARY KEY (module, seq)\n"
                  ")");
}

/* A view of that name counts: it stands in the way, and reading it tells what is wrong. */
static void history_exists(struct text *out, const char *schema, const char *table)
{
    text_add(out, "SELECT EXISTS (SELECT 1 FROM ");
    quoted(out, schema, strlen(schema), '"');
    text_add(out, ".sqlite_master WHERE type IN ('table', 'view') AND name = ");
    literal(out, table, strlen(table));
    text_add(out, " COLLATE NOCASE)");
}

static void history_has(struct text *out, const char *schema, const char *table, const char *column)
{
    text_add(out, "SELECT EXISTS (SELECT 1 FROM pragma_table_info(");
    literal(out, table, strlen(table));
    text_add(out, ", ");
    literal(out, schema, strlen(schema));
    text_add(out, ") WHERE name = ");
    literal(out, column, strlen(column));
    text_add_char(out, ')');
}

/* By tbl_name, so that the history's indexes and triggers are left out with it. */
static void objects_exist(struct text *out, const char *schema, const char *table)
{
    text_add(out, "SELECT EXISTS (SELECT 1 FROM ");
    quoted(out, schema, strlen(schema), '"');
    text_add(out, ".sqlite_master WHERE substr(name, 1, 7) <> 'sqlite_' AND tbl_name COLLATE NOCASE NOT IN (");
    literal(out, table, strlen(table));
    text_add(out, ", ");
    literal(out, table, strlen(table));
    text_add(out, " || '" FACTS_KEPT "'))");
}

/* Those of the main database: the others are not this one's data. */
static void table_again(struct text *out, const char *identity)
{
    text_add(out, "SELECT name, 'main.\"' || replace(name, '\"', '\"\"') || '\"', NULL, 1 FROM main.sqlite_master WHERE type = 'table' AND name = ");
    literal(out, identity, strlen(identity));
    text_add(out, " COLLATE NOCASE");
}

static void tables_named(struct text *out, const char *schema, const char *table)
{
    table_again(out, table);
    if (schema != NULL && !text_equal_nocase(schema, "main"))
        text_add(out, " AND 0");
}

/* IMMEDIATE takes the write lock at once: a transaction that starts by reading cannot wait for it later. */
static void begin(struct text *out, const char *set_role)
{
    (void)set_role;
    text_add(out, "BEGIN IMMEDIATE;");
}

static void before_history(struct text *out, const char *set_role)
{
    (void)out;
    (void)set_role;
}

static void after_commit(struct text *out)
{
    (void)out;
}

bool sqlite_version_at_least(const struct database *db, int minor)
{
    return strncmp(db->version, "3.", 2) == 0 && atoi(db->version + 2) >= minor;
}

static const char *const settings_words[] = {"pragma", "temp", NULL};

const struct database_engine database_sqlite = {
    .name = "sqlite",
    .dialect = &sql_sqlite,
    .default_schema = "main",
    .ahead_fails = true,
    .shared_transaction = true,
    .name_quoted = name_quoted,
    .literal = literal,
    .boolean = boolean,
    .history_create = history_create,
    .history_exists = history_exists,
    .history_has = history_has,
    .objects_exist = objects_exist,
    .now = NULL,
    .at_microseconds = "at",
    .since_begin = NULL,
    .user = "NULL",
    .database_name = "SELECT file FROM pragma_database_list WHERE name = 'main'",
    .database_path = true,
    .tables_named = tables_named,
    .table_again = table_again,
    .table_names = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
    .begin = begin,
    .before_history = before_history,
    .after_commit = after_commit,
    .lock_try = NULL,
    .lock_release = NULL,
    .lock_holder = NULL,
    .preflight = NULL,
    .rebuild_drops = sqlite_rebuild_drops,
    .rebuild_refers = sqlite_rebuild_refers,
    .rebuild_referred = sqlite_rebuild_referred,
    .rebuild_begin = sqlite_rebuild_begin,
    .rebuild_check = sqlite_rebuild_check,
    .rebuild_end = sqlite_rebuild_end,
    .facts = sqlite_facts,
    .backups = &sqlite_backups,
    .version = "SELECT sqlite_version()",
    .facts_head = "",
    .writes_begin = sqlite_writes_begin,
    .writes_since = sqlite_writes_since,
    .writes_had_rows = sqlite_writes_had_rows,
    .writes_rows = sqlite_writes_rows,
    .grant_select = "let the connection's authorizer read %s",
    .grant_write = "let the connection's authorizer write %s",
    .grant_kept = "let the connection's authorizer write %s",
    .grant_create = "let the connection's authorizer create tables in %s",
    .settings_words = settings_words,
    .names_fold = true,
    .fact_change = sqlite_fact_change,
    .fact_rename = sqlite_fact_rename,
    .facts_reshape = sqlite_reshape,
    .renames_of = sqlite_renames_of,
    .scratch_open = sqlite_scratch_open,
    .scratch_close = sqlite_scratch_close,
    .samples = &sqlite_samples,
    .online = &sqlite_online,
    .reaches_beyond = sqlite_reaches_beyond,
    .scratch_copy = sqlite_scratch_copy,
    .clone_open = sqlite_clone_schema,
    .look_begin = sqlite_look_begin,
    .look_ahead = sqlite_look_ahead,
    .look_behind = sqlite_look_behind,
    .look_close = sqlite_look_close,
    .look_undone = sqlite_look_undone,
    .look_free = sqlite_look_free,
    .rolls_back = sqlite_rolls_back,
    .positions = sqlite_positions,
    .touches_begin = sqlite_touches_begin,
    .touches_take = sqlite_touches_take,
    .broken = sqlite_broken_rows,
    .probe = sqlite_probe,
};
