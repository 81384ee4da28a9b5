/* SPDX-License-Identifier: MIT
 * Names and pieces of SQL as SQLite reads them: quoted where they have to be, and in one spelling for comparing. */
#include "database/sqlite/definition.h"
#include "database/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>

/* Words that mean something else where a name is expected, in some place or version; sorted. */
static const char *const keywords[] = {
    "abort", "action", "add", "after", "all", "alter", "always", "analyze", "and", "as", "asc", "attach", "autoincrement",
    "before", "begin", "between", "by", "cascade", "case", "cast", "check", "collate", "column", "commit", "conflict",
    "constraint", "create", "cross", "current", "current_date", "current_time", "current_timestamp", "database", "default",
    "deferrable", "deferred", "delete", "desc", "detach", "distinct", "do", "drop", "each", "else", "end", "escape", "except",
    "exclude", "exclusive", "exists", "explain", "fail", "false", "filter", "first", "following", "for", "foreign", "from",
    "full", "generated", "glob", "group", "groups", "having", "if", "ignore", "immediate", "in", "index", "indexed",
    "initially", "inner", "insert", "instead", "intersect", "into", "is", "isnull", "join", "key", "last", "left", "like",
    "limit", "match", "materialized", "natural", "no", "not", "nothing", "notnull", "null", "nulls", "of", "offset", "on", "or",
    "order", "others", "outer", "over", "partition", "plan", "pragma", "preceding", "primary", "query", "raise", "range",
    "recursive", "references", "regexp", "reindex", "release", "rename", "replace", "restrict", "returning", "right",
    "rollback", "row", "rows", "savepoint", "select", "set", "table", "temp", "temporary", "then", "ties", "to", "transaction",
    "trigger", "true", "unbounded", "union", "unique", "update", "using", "vacuum", "values", "view", "virtual", "when",
    "where", "window", "with", "within", "without"};

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int by_word(const void *name, const void *keyword)
{
    const char *a = name, *b = *(const char *const *)keyword;

    for (; *a != '\0' && small(*a) == *b; a++, b++)
        continue;
    return (unsigned char)small(*a) - (unsigned char)*b;
}

/* Letters, digits and underscores. */
static bool is_word(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        bool digit = *at >= '0' && *at <= '9';
        if (!((small(*at) >= 'a' && small(*at) <= 'z') || *at == '_' || (digit && at > name)))
            return false;
    }
    return *name != '\0';
}

void sqlite_name(struct text *out, const char *name)
{
    if (is_word(name) && bsearch(name, keywords, sizeof keywords / sizeof *keywords, sizeof *keywords, by_word) == NULL)
        text_add(out, name);
    else
        database_sqlite.name_quoted(out, NULL, name);
}

void sqlite_fold(struct text *out, const char *name)
{
    for (const char *at = name; *at != '\0'; at++)
        text_add_char(out, small(*at));
}

void sqlite_key(struct text *out, const char *name)
{
    struct text quoted = {0};

    sqlite_name(&quoted, name);
    sqlite_fold(out, quoted.data != NULL ? quoted.data : "");
    out->failed |= quoted.failed;
    text_free(&quoted);
}

void sqlite_unquoted(struct text *out, const char *token, size_t length)
{
    char close = length > 0 && token[0] == '[' ? ']' : token[0];

    if (length < 2 || strchr("[\"'`", token[0]) == NULL) {
        text_add_n(out, token, length);
        return;
    }
    for (size_t i = 1; i + 1 < length; i++) {
        text_add_char(out, token[i]);
        i += token[i] == close; /* a doubled quote stands for one */
    }
}

/* ---- one spelling ---- */

bool sqlite_token_is(const char *token, size_t length, const char *name)
{
    bool quoted = length >= 2 && strchr("[\"'`", token[0]) != NULL;
    char close = quoted && token[0] == '[' ? ']' : token[0];

    for (size_t i = quoted; i + quoted < length; i++, name++) {
        if (small(token[i]) != small(*name)) /* the name's end too */
            return false;
        i += quoted && token[i] == close;
    }
    return *name == '\0';
}

/* Double quotes around what is no column are SQLite's old way to write a string. */
static bool is_string(const char *token, const char *name, const struct sqlite_definition *definition)
{
    return definition != NULL && definition->understood && *token == '"' && sqlite_definition_column(definition, name) == NULL &&
           !text_equal_nocase(name, "rowid") &&
           !sqlite_token_is(definition->sql + definition->name.from, definition->name.to - definition->name.from, name);
}

static void add_name(struct text *out, const char *token, size_t length, const struct sqlite_definition *definition)
{
    struct text name = {0}, folded = {0};

    sqlite_unquoted(&name, token, length);
    if (name.data == NULL) {
        out->failed |= name.failed;
        text_add(out, "\"\"");
    } else if (is_string(token, name.data, definition)) {
        database_sqlite.literal(out, name.data, name.length);
    } else {
        sqlite_fold(&folded, name.data);
        if (folded.data != NULL && is_word(folded.data)) /* key and "key" are one name */
            text_add(out, folded.data);
        else
            database_sqlite.name_quoted(out, NULL, folded.data != NULL ? folded.data : "");
    }
    out->failed |= name.failed || folded.failed;
    text_free(&name);
    text_free(&folded);
}

static void add_token(struct text *out, const char *sql, struct sql_token token, const struct sqlite_definition *definition)
{
    const char *from = sql + token.offset;

    if (token.kind == SQL_NAME) {
        add_name(out, from, token.length, definition);
        return;
    }
    for (size_t i = 0; i < token.length; i++)
        text_add_char(out, token.kind == SQL_STRING ? from[i] : small(from[i]));
}

static bool is_one_of(const char *sql, struct sql_token token, const char *symbols)
{
    return token.length == 1 && token.kind != SQL_END && strchr(symbols, sql[token.offset]) != NULL;
}

void sqlite_normal(struct text *out, const char *sql, struct sqlite_span span, const struct sqlite_definition *definition)
{
    struct sql_reader reader = {.dialect = &sql_sqlite, .text = sql, .length = span.to, .offset = span.from};
    bool first = true, tight = false; /* no blank comes next */

    for (sql_reader_next(&reader); reader.token.kind != SQL_END; sql_reader_next(&reader)) {
        if (sql_reader_is(&reader, "asc")) /* as it is anyway */
            continue;
        if (!first && !tight && !is_one_of(sql, reader.token, "),."))
            text_add_char(out, ' ');
        add_token(out, sql, reader.token, definition);
        tight = is_one_of(sql, reader.token, "(.");
        first = false;
    }
}

bool sqlite_mentions(const char *sql, const char *name)
{
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_sqlite, sql, strlen(sql));
    for (; reader.token.kind != SQL_END; sql_reader_next(&reader)) {
        if ((reader.token.kind == SQL_WORD || reader.token.kind == SQL_NAME || reader.token.kind == SQL_STRING) &&
            sqlite_token_is(sql + reader.token.offset, reader.token.length, name))
            return true;
    }
    return false;
}
