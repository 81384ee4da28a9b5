/* SPDX-License-Identifier: MIT
 * The database's name, and whether the host gave it to say that it means what it asks for. */
#include "core/confirm.h"

#include "util/memory.h"

#include <string.h>

static const char *behind_slash(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Of a file that is not there yet, the name that the URL gives it. */
static char *name_in_url(const char *url)
{
    const char *path = strchr(url, ':') ? strchr(url, ':') + 1 : url;
    const char *name = path;
    size_t length = strcspn(path, "?#");
    for (size_t i = 0; i < length; i++) {
        if (path[i] == '/')
            name = path + i + 1;
    }
    return memory_text_n(name, (size_t)(path + length - name));
}

int32_t session_database_name(migrate_session *session, char **out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    if (session->placeholder) {
        *out = name_in_url(session->url);
        return *out ? MIGRATE_OK : error_nomem(err);
    }
    int32_t code = session->db->class->query(session->db, session->db->engine->database_name, &rows, err);
    if (code != MIGRATE_OK)
        return code;
    const char *name = rows_text(rows, 0, 0);
    name = !name || !*name ? ":memory:" : session->db->engine == &database_sqlite ? behind_slash(name) : name;
    *out = memory_text(name);
    rows_free(rows);
    return *out ? MIGRATE_OK : error_nomem(err);
}

int32_t session_confirmed(migrate_session *session, const char *what, migrate_error **err)
{
    const char *given = option_text(session->options, OPTION_CONFIRM);
    char *name = NULL;
    int32_t code = session_database_name(session, &name, err);
    if (code == MIGRATE_OK && !text_equal(given, name)) {
        if (given && *given)
            code = error_set(err, MIGRATE_ERROR_REFUSED, "%s: the option confirm names \"%s\", but this database is \"%s\"", what, given, name);
        else
            code = error_set(err, MIGRATE_ERROR_REFUSED, "%s needs the database's name, as a confirmation", what);
        error_hint(err, "if %s is the one that is meant: confirm=%s (migratectl: --confirm %s)", session->db->label, name, name);
    }
    memory_free(name);
    return code;
}
