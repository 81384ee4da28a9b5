/* SPDX-License-Identifier: MIT
 * Confirmation by the database's name. */
#include "core/confirm.h"

#include "util/memory.h"

#include <string.h>

static const char *behind_last(const char *text, const char *separators)
{
    const char *from = text;
    for (; *text; text++) {
        if (strchr(separators, *text))
            from = text + 1;
    }
    return from;
}

int32_t session_database_name(migrate_session *session, char **out, migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    int32_t code = MIGRATE_OK;
    const char *name = NULL;
    if (session->placeholder || session->files) { /* there is no database to ask yet */
        name = behind_last(session->db->label, "/\\:");
    } else {
        text_add(&sql, session->db->engine->database_name);
        code = database_query(session->db, &sql, &rows, err);
        if (code == MIGRATE_OK)
            name = rows_text(rows, 0, 0);
        if (name && session->db->engine->database_path)
            name = behind_last(name, "/\\");
    }
    if (code == MIGRATE_OK && !(*out = memory_text(name && *name ? name : "memory")))
        code = error_nomem(err);
    rows_free(rows);
    text_free(&sql);
    return code;
}

int32_t session_confirmed(migrate_session *session, const char *what, migrate_error **err)
{
    const char *given = option_text(session->options, OPTION_CONFIRM);
    char *name = NULL;
    int32_t code = session_database_name(session, &name, err);
    if (code == MIGRATE_OK && (!given || strcmp(given, name) != 0)) {
        code = error_set(err, MIGRATE_ERROR_REFUSED, "%s; nothing was changed", what);
        if (given)
            error_hint(err, "\"%s\" was confirmed, but this database is %s: if it is meant, say --confirm '%s' (option confirm)", given, name, name);
        else
            error_hint(err, "if it is meant, say so with the database's name: --confirm '%s' (option confirm)", name);
    }
    memory_free(name);
    return code;
}
