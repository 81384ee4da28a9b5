/* SPDX-License-Identifier: MIT
 * What the rules of online safety have in common: how they say it, how bad it is, and reading a statement's words. */
#include "check/online.h"

#include "util/text.h"

#include <stdio.h>
#include <string.h>

/* ---- saying it ---- */

/* What a statement does to each partition is said once. */
static bool is_said(const struct online_say *say, const struct finding *finding)
{
    for (size_t i = 0; i < say->findings.count; i++) {
        const struct finding *other = &say->findings.items[i];

        if (text_equal(other->rule, finding->rule) && other->line == finding->line && other->column == finding->column &&
            text_equal(other->message, finding->message))
            return true;
    }
    return false;
}

void online_put(struct online_say *say, const char *rule, const char *severity)
{
    struct finding finding = {.rule = rule, .severity = severity, .id = say->id, .file = say->file, .line = say->line,
                              .column = say->column, .message = say->message.data, .hint = say->hint.data};

    say->failed |= say->message.failed || say->hint.failed ||
                   (!is_said(say, &finding) && findings_add(&say->findings, &finding, NULL) != MIGRATE_OK);
    text_clear(&say->message);
    text_clear(&say->hint);
}

void online_say_free(struct online_say *say)
{
    findings_free(&say->findings);
    text_free(&say->message);
    text_free(&say->hint);
}

const char *online_severity(int64_t rows)
{
    enum { FEW = 1000, MANY = 100000 };

    if (rows < 0)
        return "warning";
    return rows < FEW ? "info" : rows < MANY ? "warning" : "error";
}

/* With thousands set off. */
static void add_number(struct text *out, int64_t number)
{
    char digits[32];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)number);

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text_add_char(out, ',');
        text_add_char(out, digits[i]);
    }
}

void online_add_size(struct text *out, const struct online_table *table)
{
    if (table == NULL || table->rows < 0)
        return;
    text_add(out, " (about ");
    add_number(out, table->rows);
    text_add(out, table->rows == 1 ? " row)" : " rows)");
}

/* ---- words ---- */

bool online_begins(const struct online_statement *s, const char *word)
{
    struct sql_reader reader;

    if (s->sql == NULL)
        return false;
    sql_reader_open(&reader, s->dialect, s->sql, s->length);
    return sql_reader_is(&reader, word);
}

bool online_contains(const struct online_statement *s, const char *word)
{
    struct sql_reader reader;

    if (s->sql == NULL)
        return false;
    sql_reader_open(&reader, s->dialect, s->sql, s->length);
    return sql_reader_is(&reader, word) || sql_reader_seek(&reader, word);
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool online_mentions(const struct online_statement *s, const char *name)
{
    size_t length;

    if (s->sql == NULL)
        return false;
    length = strlen(name);
    if (length > 1 && *name == '"') {
        name++;
        length -= 2;
    }
    for (size_t i = 0; length > 0 && i + length <= s->length; i++)
        if (text_equal_nocase_n(s->sql + i, name, length) && (i == 0 || !in_word(s->sql[i - 1])) &&
            (i + length == s->length || !in_word(s->sql[i + length])))
            return true;
    return false;
}

/* Of the statement itself, outside of parentheses; behind WITH comes what it is. */
bool online_unbounded(const struct online_statement *s, struct text *table)
{
    struct sql_reader reader;
    size_t depth = 0;
    bool found = false, where = false;

    if (s->sql == NULL)
        return false;
    sql_reader_open(&reader, s->dialect, s->sql, s->length);
    if (!sql_reader_is(&reader, "with") && !sql_reader_is(&reader, "update") && !sql_reader_is(&reader, "delete"))
        return false;
    for (; reader.token.kind != SQL_END; sql_reader_next(&reader)) {
        depth += reader.token.kind == SQL_OPEN;
        depth -= reader.token.kind == SQL_CLOSE && depth > 0;
        if (depth > 0)
            continue;
        where = where || (found && (sql_reader_is(&reader, "where") || sql_reader_is(&reader, "limit")));
        if (found || (!sql_reader_is(&reader, "update") && !sql_reader_is(&reader, "delete")))
            continue;
        found = true;
        sql_reader_next(&reader);
        while (sql_reader_take(&reader, "from") || sql_reader_take(&reader, "only"))
            ;
        if (sql_reader_take(&reader, "or")) /* SQLite: UPDATE OR IGNORE t */
            sql_reader_next(&reader);
        sql_reader_name(&reader, table, NULL);
        reader.offset = reader.token.offset; /* the loop reads it once more */
    }
    return found && !where && table->length > 0;
}

const char *online_plain(const char *ident)
{
    const char *plain = ident;
    bool quoted = false;

    for (const char *at = ident; *at != '\0' && *at != ' '; at++) {
        quoted = quoted != (*at == '"');
        if (*at == '.' && !quoted)
            plain = at + 1;
    }
    return plain;
}

static bool same_name(const char *a, const char *b)
{
    size_t length = strlen(a), other = strlen(b);

    if (length > 1 && *a == '"') {
        a++;
        length -= 2;
    }
    if (other > 1 && *b == '"') {
        b++;
        other -= 2;
    }
    return length == other && text_equal_nocase_n(a, b, length);
}

struct online_table *online_named(const struct online_statement *s, const char *name)
{
    for (size_t i = 0; i < s->table_count; i++)
        if (text_equal_nocase(s->tables[i].name, name))
            return &s->tables[i];
    for (size_t i = 0; i < s->table_count; i++)
        if (same_name(online_plain(s->tables[i].name), online_plain(name)))
            return &s->tables[i];
    return NULL;
}

/* ---- changes ---- */

/* They are sorted by rank, which the caller does not know. */
const struct fact *online_fact(const struct facts *facts, const char *kind, const char *ident)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].ident, ident) == 0 && strcmp(facts->items[i].kind, kind) == 0)
            return &facts->items[i];
    return NULL;
}

bool online_is(const struct online_change *change, const char *kind, enum online_did did)
{
    const struct fact *fact = change->to != NULL ? change->to : change->from;

    return change->did == did && strcmp(fact->kind, kind) == 0;
}

bool online_contained(const struct online_statement *s, const char *kind, enum online_did did, const struct online_table *table)
{
    for (size_t i = 0; i < s->change_count; i++)
        if (s->changes[i].table == table && online_is(&s->changes[i], kind, did))
            return true;
    return false;
}
