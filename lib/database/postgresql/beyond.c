/* SPDX-License-Identifier: MIT
 * Statements whose effect is not confined to their database: roles, tablespaces, other databases, the server's settings. By their first
 * words; what stands in a DO block or a function is not seen. */
#include "database/postgresql/postgresql.h"

static bool takes_any(struct sql_reader *reader, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sql_reader_take(reader, words[i]))
            return true;
    return false;
}
#define TAKES_ANY(reader, words) takes_any(reader, words, sizeof(words) / sizeof(words)[0])

/* Behind CREATE, ALTER, DROP, COMMENT ON. A user mapping is the database's own. */
static bool is_shared(struct sql_reader *reader)
{
    static const char *const kinds[] = {"role", "group", "database", "tablespace", "subscription", "system", "owned"};

    if (sql_reader_take(reader, "user"))
        return !sql_reader_is(reader, "mapping");
    return TAKES_ANY(reader, kinds);
}

/* Behind GRANT and REVOKE: without ON it is a role that is granted. */
static bool grants_shared(struct sql_reader *reader)
{
    static const char *const kinds[] = {"database", "tablespace", "parameter"};

    for (; reader->token.kind != SQL_END; sql_reader_next(reader)) {
        if (sql_reader_take(reader, "on"))
            return TAKES_ANY(reader, kinds);
        if (sql_reader_is(reader, "to") || sql_reader_is(reader, "from"))
            return true;
    }
    return false;
}

bool postgresql_reaches_beyond(const char *statement, size_t length)
{
    static const char *const makers[] = {"create", "alter", "drop", "reassign"}, *const granters[] = {"grant", "revoke"};
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_postgresql, statement, length);
    if (TAKES_ANY(&reader, makers))
        return is_shared(&reader);
    if (TAKES_ANY(&reader, granters))
        return grants_shared(&reader);
    return sql_reader_take(&reader, "comment") && sql_reader_take(&reader, "on") && is_shared(&reader);
}
