/* SPDX-License-Identifier: MIT
 * What a statement is, by its first words. The tables are what a new version of an engine changes; the code
 * below them only reads patterns. */
#include "sql/internal.h"

#include "util/text.h"

#include <string.h>

/* Statements that are not sent (BEGIN, COMMIT, the pragma of foreign keys) fit only as a whole: what stands
 * behind a forgotten semicolon would be lost with them. As plain ones they meet the engine's parser. */
#define MODES "ISOLATION|LEVEL|SERIALIZABLE|REPEATABLE|READ|COMMITTED|UNCOMMITTED|WRITE|ONLY|NOT|DEFERRABLE|,"

/* The first rule that fits decides. PostgreSQL's SQL_ALONE is everything that calls PreventInTransactionBlock
 * and can be told from its words; REFRESH ... CONCURRENTLY and ALTER TYPE ... ADD VALUE do not. */
const struct sql_kind_rule sql_postgresql_rules[] = {
    {"BEGIN {WORK|TRANSACTION|" MODES "} $", SQL_BEGIN},
    {"START TRANSACTION {" MODES "} $", SQL_BEGIN},
    {"COMMIT PREPARED", SQL_PREPARE_TRANSACTION},
    {"ROLLBACK PREPARED", SQL_PREPARE_TRANSACTION},
    {"PREPARE TRANSACTION", SQL_PREPARE_TRANSACTION},
    {"COMMIT {WORK|TRANSACTION|AND|NO|CHAIN} $", SQL_COMMIT},
    {"END {WORK|TRANSACTION|AND|NO|CHAIN} $", SQL_COMMIT},
    {"ROLLBACK [WORK|TRANSACTION] TO", SQL_SAVEPOINT},
    {"ROLLBACK", SQL_ROLLBACK},
    {"ABORT", SQL_ROLLBACK},
    {"SAVEPOINT", SQL_SAVEPOINT},
    {"RELEASE", SQL_SAVEPOINT},
    {"COPY * FROM STDIN|STDOUT", SQL_COPY_IN},
    {"SET [SESSION|LOCAL] standard_conforming_strings =|TO ON|TRUE|YES|1 $", SQL_PLAIN},
    {"SET [SESSION|LOCAL] standard_conforming_strings", SQL_STRING_SETTING},
    {"RESET ALL $", SQL_RESET_ALL},
    {"SET [SESSION|LOCAL] client_encoding", SQL_ENCODING_SETTING},
    {"SET [SESSION|LOCAL] NAMES", SQL_ENCODING_SETTING},
    {"CREATE [UNIQUE] INDEX CONCURRENTLY", SQL_ALONE},
    {"DROP INDEX CONCURRENTLY", SQL_ALONE},
    {"REINDEX () INDEX|TABLE CONCURRENTLY", SQL_ALONE},
    {"REINDEX () DATABASE|SYSTEM|SCHEMA", SQL_ALONE},
    {"REINDEX (CONCURRENTLY", SQL_ALONE},
    {"ALTER TYPE * ADD VALUE", SQL_ADD_VALUE},
    {"ALTER TABLE * CONCURRENTLY", SQL_ALONE}, /* DETACH PARTITION; the word is reserved elsewhere */
    {"VACUUM", SQL_ALONE},
    {"CLUSTER () [VERBOSE] $", SQL_ALONE},
    {"ALTER SYSTEM", SQL_ALONE},
    {"ALTER DATABASE * SET TABLESPACE", SQL_ALONE},
    {"ALTER SUBSCRIPTION * PUBLICATION", SQL_ALONE},
    {"CREATE DATABASE|TABLESPACE|SUBSCRIPTION", SQL_ALONE},
    {"DROP DATABASE|TABLESPACE|SUBSCRIPTION", SQL_ALONE},
    {"DISCARD ALL", SQL_ALONE},
    {NULL, SQL_PLAIN},
};

/* The pragmas fail or, worse, do nothing inside a transaction. Reading them is plain. */
const struct sql_kind_rule sql_sqlite_rules[] = {
    {"BEGIN [DEFERRED|IMMEDIATE|EXCLUSIVE] [TRANSACTION] $", SQL_BEGIN},
    {"BEGIN [DEFERRED|IMMEDIATE|EXCLUSIVE] TRANSACTION ? $", SQL_BEGIN},
    {"COMMIT [TRANSACTION] $", SQL_COMMIT},
    {"COMMIT TRANSACTION ? $", SQL_COMMIT},
    {"END [TRANSACTION] $", SQL_COMMIT},
    {"END TRANSACTION ? $", SQL_COMMIT},
    {"ROLLBACK [TRANSACTION] TO", SQL_SAVEPOINT},
    {"ROLLBACK", SQL_ROLLBACK},
    {"SAVEPOINT", SQL_SAVEPOINT},
    {"RELEASE", SQL_SAVEPOINT},
    {"VACUUM", SQL_ALONE},
    {"ATTACH", SQL_ALONE},
    {"DETACH", SQL_ALONE},
    {"PRAGMA foreign_keys = [-|+] ? $", SQL_FOREIGN_KEYS},
    {"PRAGMA foreign_keys ( [-|+] ? ) $", SQL_FOREIGN_KEYS},
    {"PRAGMA ? . foreign_keys = [-|+] ? $", SQL_FOREIGN_KEYS},
    {"PRAGMA ? . foreign_keys ( [-|+] ? ) $", SQL_FOREIGN_KEYS},
    {"PRAGMA journal_mode|synchronous|temp_store|temp_store_directory =|(", SQL_ALONE},
    {"PRAGMA ? . journal_mode|synchronous|temp_store|temp_store_directory =|(", SQL_ALONE},
    {"PRAGMA wal_checkpoint", SQL_ALONE},
    {"PRAGMA ? . wal_checkpoint", SQL_ALONE},
    {NULL, SQL_PLAIN},
};

struct kind_reader {
    const struct sql_dialect *dialect;
    const char *text;
    size_t length;
    struct sql_token token;
};

/* To the first token from offset that is neither space nor comment. */
static void read_from(struct kind_reader *reader, size_t offset)
{
    do {
        reader->token = sql_lex(reader->dialect, reader->text, reader->length, offset);
        offset += reader->token.length;
    } while (reader->token.kind == SQL_SPACE || reader->token.kind == SQL_LINE_COMMENT ||
             reader->token.kind == SQL_BLOCK_COMMENT);
}

static void advance(struct kind_reader *reader)
{
    read_from(reader, reader->token.offset + reader->token.length);
}

/* item: one word or symbol, or several with | between. */
static bool token_is(const struct kind_reader *reader, const char *item, size_t length)
{
    const char *at = reader->text + reader->token.offset, *end = item + length;

    if (reader->token.kind == SQL_NAME || reader->token.kind == SQL_STRING)
        return false;
    while (item < end) {
        const char *bar = memchr(item, '|', (size_t)(end - item));
        size_t part = (size_t)((bar != NULL ? bar : end) - item);

        if (part == reader->token.length && text_equal_nocase_n(at, item, part))
            return true;
        item += part + 1;
    }
    return false;
}

/* Passes over a group, whose opening parenthesis is the token; true if the word stands in it. */
static bool pass_group(struct kind_reader *reader, const char *word, size_t length)
{
    size_t depth = 0;
    bool found = false;

    do {
        if (reader->token.kind == SQL_OPEN)
            depth++;
        else if (reader->token.kind == SQL_CLOSE)
            depth--;
        else if (token_is(reader, word, length))
            found = true;
        advance(reader);
    } while (depth > 0 && reader->token.kind != SQL_END);
    return found;
}

static bool at_end(const struct kind_reader *reader)
{
    return reader->token.kind == SQL_END || reader->token.kind == SQL_SEMICOLON;
}

/* One item other than *; moves behind what it took. */
static bool item_fits(struct kind_reader *reader, const char *item, size_t length)
{
    bool group = reader->token.kind == SQL_OPEN;

    if (item[0] == '$')
        return at_end(reader);
    if (item[0] == '(' && item[1] == ')') {
        if (group)
            pass_group(reader, "", 0);
        return true;
    }
    if (item[0] == '(' && length > 1)
        return group && pass_group(reader, item + 1, length - 1);
    if (item[0] == '{') {
        while (token_is(reader, item + 1, length - 2))
            advance(reader);
        return true;
    }
    if (item[0] == '[') {
        if (token_is(reader, item + 1, length - 2))
            advance(reader);
        return true;
    }
    if (item[0] == '?' ? at_end(reader) : !token_is(reader, item, length))
        return false;
    advance(reader);
    return true;
}

/* Until the pattern's end or its *, which *pattern then points at. */
static bool items_fit(struct kind_reader *reader, const char **pattern)
{
    const char *at = *pattern;

    while (*at != '\0' && *at != '*') {
        size_t length = strcspn(at, " ");

        if (!item_fits(reader, at, length))
            return false;
        at += length;
        at += *at == ' ';
    }
    *pattern = at;
    return true;
}

static bool fits(struct kind_reader reader, const char *pattern)
{
    if (!items_fit(&reader, &pattern))
        return false;
    if (*pattern == '\0')
        return true;
    pattern += strlen("* ");
    while (!at_end(&reader)) {
        struct kind_reader here = reader;
        const char *rest = pattern;

        if (items_fit(&here, &rest))
            return true;
        if (reader.token.kind == SQL_OPEN)
            pass_group(&reader, "", 0);
        else
            advance(&reader);
    }
    return false;
}

bool sql_fits(const struct sql_dialect *dialect, const char *text, size_t length, const char *pattern)
{
    struct kind_reader reader = {.dialect = dialect, .text = text, .length = length};

    read_from(&reader, 0);
    return fits(reader, pattern);
}

enum sql_kind sql_kind_of(const struct sql_dialect *dialect, const char *text, size_t length)
{
    struct kind_reader reader = {.dialect = dialect, .text = text, .length = length};
    char first;

    read_from(&reader, 0);
    if (reader.token.kind == SQL_BACKSLASH)
        return SQL_META;
    if (reader.token.kind != SQL_WORD)
        return SQL_PLAIN;
    first = (char)(text[reader.token.offset] & ~0x20);
    for (const struct sql_kind_rule *rule = dialect->rules; rule->pattern != NULL; rule++)
        if (rule->pattern[0] == first && fits(reader, rule->pattern)) /* most are passed over by one letter */
            return rule->kind;
    return SQL_PLAIN;
}
