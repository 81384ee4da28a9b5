/* SPDX-License-Identifier: MIT
 * The schema of a SQLite database as facts (columns in database.h at `facts`). What pragmas tell is taken from pragmas, so that equal
 * tables are equal however they were written; the rest (CHECK, COLLATE, generated columns, DEFERRABLE ...) stands in the stored text
 * alone and is picked from its tokens. */
#include "database/sqlite/sqlite.h"
#include "sql/sql.h"

#include <string.h>

static const char *const columns[] = {"rank", "kind", "ident",  "value", "make",
                                      "undo", "key",  "inside", "name"};

static void put(struct migrate_rows *rows, int64_t rank, const char *kind, const char *ident,
                const char *value, const char *make, const char *undo, const char *inside, const char *name)
{
    rows_put_int(rows, rank);
    rows_put_text(rows, kind);
    rows_put_text(rows, ident);
    rows_put_text(rows, value);
    rows_put_text(rows, make);
    rows_put_text(rows, undo);
    rows_put_text(rows, undo != NULL ? ident : ""); /* SQLite knows its objects by their names alone */
    rows_put_text(rows, inside);
    rows_put_text(rows, name);
}

/* ---- text as tokens: names without needless quotes, in small letters, one blank between ---- */

static void add_token(struct text *out, const char *sql, struct sql_token token)
{
    const char *from = sql + token.offset;
    size_t length = token.length;
    bool plain = token.kind == SQL_NAME && length > 2;

    for (size_t i = 1; plain && i + 1 < length; i++)
        plain = (from[i] >= 'a' && from[i] <= 'z') || (from[i] >= 'A' && from[i] <= 'Z') || from[i] == '_' ||
                (i > 1 && from[i] >= '0' && from[i] <= '9');
    if (plain) {
        from++;
        length -= 2;
    }
    for (size_t i = 0; i < length; i++) {
        char c = from[i];
        if (token.kind == SQL_NAME && !plain && (i == 0 || i + 1 == length))
            c = '"';
        else if (token.kind != SQL_STRING && c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        text_add_char(out, c);
    }
}

/* The next token that says something. */
static struct sql_token next(const char *sql, size_t length, size_t *at)
{
    struct sql_token token;

    do {
        token = sql_lex(&sql_sqlite, sql, length, *at);
        *at = token.offset + token.length;
    } while (token.kind == SQL_SPACE || token.kind == SQL_LINE_COMMENT || token.kind == SQL_BLOCK_COMMENT);
    return token;
}

static void add_normal(struct text *out, const char *sql, size_t from, size_t to)
{
    size_t at = from;

    for (struct sql_token token = next(sql, to, &at); token.kind != SQL_END; token = next(sql, to, &at)) {
        if (out->length > 0)
            text_add_char(out, ' ');
        add_token(out, sql, token);
    }
}

/* ---- what a CREATE TABLE says beside what pragmas tell ---- */

/* The end of the parentheses that open at the next token, or of that one token. */
static size_t pass_group(const char *sql, size_t length, size_t at)
{
    struct sql_token token = next(sql, length, &at);

    for (size_t depth = token.kind == SQL_OPEN; depth > 0 && token.kind != SQL_END;) {
        token = next(sql, length, &at);
        depth += token.kind == SQL_OPEN;
        depth -= token.kind == SQL_CLOSE;
    }
    return at;
}

struct clauses {
    struct migrate_rows *rows;
    const char *table, *sql;
    size_t length;
    struct text item, value, ident; /* item: the column, or "" in a table's constraint */
    bool failed;
};

static void put_clause(struct clauses *c, const char *kind, size_t from, size_t to)
{
    text_clear(&c->value);
    text_clear(&c->ident);
    add_normal(&c->value, c->sql, from, to);
    /* What is no column's is told apart by what it says. */
    text_format(&c->ident, "%s.%s", c->table,
                c->item.length > 0      ? c->item.data
                : c->value.data != NULL ? c->value.data
                                        : "");
    c->failed = c->failed || c->item.failed || c->value.failed || c->ident.failed;
    if (!c->failed)
        put(c->rows, 51, kind, c->ident.data, c->value.data != NULL ? c->value.data : "", NULL, NULL,
            c->table, "");
}

/* One clause that begins at token; where reading goes on. */
static size_t clause(struct clauses *c, struct sql_token token, size_t at)
{
    static const struct {
        const char *word, *kind;
        bool group; /* what counts is the group behind it; else the word behind */
    } words[] = {{"check", "check", true},
                 {"as", "generated", true},
                 {"collate", "collation", false},
                 {"conflict", "conflict", false},
                 {"autoincrement", "autoincrement", false},
                 {"deferrable", "deferrable", false},
                 {"initially", "deferred", false}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t end;
        if (!sql_is_word(c->sql, token, words[i].word))
            continue;
        if (strcmp(words[i].kind, "autoincrement") == 0 || strcmp(words[i].kind, "deferrable") == 0) {
            put_clause(c, words[i].kind, token.offset, at);
            return at;
        }
        end = pass_group(c->sql, c->length, at);
        if (strcmp(words[i].kind, "check") == 0) { /* the same wherever in the table it stands */
            size_t length = c->item.length;
            c->item.length = 0;
            put_clause(c, words[i].kind, at, end);
            c->item.length = length;
        } else {
            put_clause(c, words[i].kind, at, end);
        }
        return end;
    }
    return at;
}

/* Goes through the items between the table's parentheses. false: out of memory. */
static bool table_clauses(struct migrate_rows *rows, const char *table, const char *sql)
{
    struct clauses c = {.rows = rows, .table = table, .sql = sql, .length = strlen(sql)};
    size_t at = 0, depth = 0;
    bool first = false; /* the token is an item's first */

    for (struct sql_token token = next(sql, c.length, &at); token.kind != SQL_END;
         token = next(sql, c.length, &at)) {
        depth += token.kind == SQL_OPEN;
        if (token.kind == SQL_CLOSE && --depth == 0)
            break;
        if (depth == 1 && (token.kind == SQL_OPEN || (token.length == 1 && sql[token.offset] == ','))) {
            first = true;
        } else if (depth == 1 && first) {
            static const char *const of_tables[] = {"constraint", "primary", "unique", "check", "foreign"};
            bool column = true;
            for (size_t i = 0; i < sizeof of_tables / sizeof *of_tables; i++)
                column = column && !sql_is_word(sql, token, of_tables[i]);
            text_clear(&c.item);
            if (column)
                add_token(&c.item, sql, token);
            first = false;
            if (!column)
                at = clause(&c, token, at);
        } else if (depth == 1 && token.kind == SQL_WORD) {
            at = clause(&c, token, at);
        }
    }
    text_free(&c.item);
    text_free(&c.value);
    text_free(&c.ident);
    return !c.failed;
}

/* ---- reading ---- */

static bool put_object(struct migrate_rows *rows, const struct migrate_rows *from, size_t row)
{
    const char *type = rows_text(from, row, 0), *name = rows_text(from, row, 1),
               *table = rows_text(from, row, 2);
    const char *sql = rows_text(from, row, 3), *undo = rows_text(from, row, 4);
    struct text value = {0};
    bool good = true;

    if (strcmp(type, "table") == 0) {
        bool virtual = text_equal(rows_text(from, row, 5), "virtual");
        if (virtual)
            add_normal(&value, sql, 0, strlen(sql));
        else
            text_format(&value, "%s%s", rows_int(from, row, 6) != 0 ? "WITHOUT ROWID " : "",
                        rows_int(from, row, 7) != 0 ? "STRICT" : "");
        put(rows, virtual ? 41 : 40, virtual ? "virtual table" : "table", name, value.data, sql, undo, "",
            name);
        if (!virtual)
            good = table_clauses(rows, name, sql);
    } else {
        int64_t rank = strcmp(type, "index") == 0 ? 55 : strcmp(type, "view") == 0 ? 70 : 75;
        add_normal(&value, sql, 0, strlen(sql));
        put(rows, rank, type, name, value.data, sql, undo, strcmp(type, "view") == 0 ? "" : table, name);
    }
    good = good && !value.failed;
    text_free(&value);
    return good;
}

/* Rows that the database puts together itself. */
static const char *const details[] = {
    "SELECT 43, 'column', m.name || '.' || x.name, upper(x.type) || CASE WHEN x.\"notnull\" THEN ' NOT NULL' "
    "ELSE '' END || "
    "coalesce(' DEFAULT ' || x.dflt_value, '') || CASE x.hidden WHEN 2 THEN ' VIRTUAL' WHEN 3 THEN ' STORED' "
    "ELSE '' END, m.name, x.name "
    "FROM m, pragma_table_xinfo(m.name, 'main') x",
    "SELECT 43, 'column position', m.name || '.' || x.name, x.cid + 1, m.name, '' FROM m, "
    "pragma_table_xinfo(m.name, 'main') x",
    "SELECT 50, CASE origin WHEN 'pk' THEN 'primary key' ELSE 'unique' END, name || ' (' || group_concat(c, "
    "', ') || ')', '', name, '' FROM ("
    "SELECT m.name, i.origin, i.seq, x.name || CASE WHEN x.\"desc\" THEN ' DESC' ELSE '' END || CASE WHEN "
    "x.coll <> 'BINARY' THEN "
    "' COLLATE ' || x.coll ELSE '' END AS c FROM m, pragma_index_list(m.name, 'main') i, "
    "pragma_index_xinfo(i.name, 'main') x "
    "WHERE i.origin IN ('u', 'pk') AND x.key ORDER BY m.name, i.seq, x.seqno) GROUP BY name, seq",
    "SELECT 50, 'primary key', name || ' (' || group_concat(c, ', ') || ')', '', name, '' FROM (SELECT "
    "m.name, x.name AS c FROM m, "
    "pragma_table_xinfo(m.name, 'main') x WHERE x.pk > 0 AND NOT EXISTS (SELECT 1 FROM "
    "pragma_index_list(m.name, 'main') i WHERE "
    "i.origin = 'pk') ORDER BY m.name, x.pk) GROUP BY name",
    "SELECT 60, 'foreign key', name || ' (' || group_concat(f, ', ') || ') ' || parent || coalesce(' (' || "
    "group_concat(t, ', ') || ')', ''), "
    "on_update || ', ' || on_delete || ', ' || \"match\", name, '' FROM (SELECT m.name, f.id, f.\"from\" AS "
    "f, f.\"to\" AS t, f.\"table\" AS "
    "parent, f.on_update, f.on_delete, f.\"match\" FROM m, pragma_foreign_key_list(m.name, 'main') f ORDER "
    "BY m.name, f.id, f.seq) GROUP BY "
    "name, id"};

/* What is looked at: no object of SQLite's own, of a virtual table, or of the history. Older libraries have no pragma_table_list. */
static void add_objects(struct text *sql, const struct database *db, const struct database_facts_wish *wish)
{
    bool listed = sqlite_version_at_least(db, 37);

    text_add(sql, "WITH l AS MATERIALIZED (");
    text_add(
        sql,
        listed ? "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
               : "SELECT name, CASE WHEN sql LIKE 'CREATE VIRTUAL%' THEN 'virtual' ELSE type END AS type, "
                 "sql LIKE '%WITHOUT%ROWID' AS wr, 0 AS strict FROM main.sqlite_master WHERE type = 'table'");
    text_add(sql, "), o AS (SELECT m.rowid, m.type, m.name, m.tbl_name, m.sql, l.type AS form, l.wr, "
                  "l.strict FROM main.sqlite_master m "
                  "LEFT JOIN l ON m.type = 'table' AND l.name = m.name WHERE m.sql IS NOT NULL AND "
                  "substr(m.name, 1, 7) <> 'sqlite_' "
                  "AND l.type IS NOT 'shadow' AND m.tbl_name <> ");
    database_sqlite.literal(sql, wish->table, strlen(wish->table));
    text_add(sql, " COLLATE NOCASE), m AS MATERIALIZED (SELECT name FROM o WHERE type = 'table' AND form IS "
                  "NOT 'virtual') ");
}

int32_t sqlite_facts(struct database *db, const struct database_facts_wish *wish,
                     struct migrate_rows **out_facts, struct migrate_rows **out_edges, migrate_error **err)
{
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns), *found = NULL;
    struct text sql = {0};
    int32_t rc;

    add_objects(&sql, db, wish);
    text_add(&sql, "SELECT type, name, tbl_name, sql, 'DROP ' || upper(type) || ' \"' || replace(name, '\"', "
                   "'\"\"') || '\"', form, wr, "
                   "strict FROM o ORDER BY rowid");
    rc = database_query(db, &sql, &found, err);
    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(found); i++)
        rc = put_object(rows, found, i) ? MIGRATE_OK : error_nomem(err);
    rows_free(found);
    for (size_t d = 0; rc == MIGRATE_OK && d < sizeof details / sizeof *details; d++) {
        text_clear(&sql);
        add_objects(&sql, db, wish);
        text_add(&sql, details[d]);
        found = NULL;
        rc = database_query(db, &sql, &found, err);
        for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(found); i++)
            put(rows, rows_int(found, i, 0), rows_text(found, i, 1), rows_text(found, i, 2),
                rows_text(found, i, 3), NULL, NULL, rows_text(found, i, 4), rows_text(found, i, 5));
        rows_free(found);
    }
    text_free(&sql);
    if (rc != MIGRATE_OK) {
        rows_free(rows);
        return rc;
    }
    rc = rows_finish(rows, out_facts, err);
    if (rc == MIGRATE_OK && out_edges != NULL)
        *out_edges = NULL;
    return rc;
}
