/* SPDX-License-Identifier: MIT
 * Errors about a lack of rights. */
#include "core/rights.h"

void rights_hint(migrate_session *session, const char *grant, const char *object, migrate_error **err)
{
    struct text sql = {0}, role = {0}, hint = {0};
    struct migrate_rows *rows = NULL;
    const char *name = NULL;
    text_format(&sql, "SELECT %s", session->db->engine->user);
    if (session->db->class->transaction(session->db) == DATABASE_IDLE && database_query(session->db, &sql, &rows, NULL) == MIGRATE_OK)
        name = rows_text(rows, 0, 0);
    session->db->engine->name_quoted(&role, NULL, name ? name : "your_role");
    text_format(&hint, grant, object, role.data ? role.data : "");
    error_hint(err, "%s" RIGHTS_MIGRATOR, hint.data ? hint.data : "");
    rows_free(rows);
    text_free(&sql);
    text_free(&role);
    text_free(&hint);
}

/* The database's own words stay as detail, and so does its SQLSTATE. */
int32_t rights_error(migrate_session *session, const char *verb, const char *grant, const char *object, migrate_error **err)
{
    migrate_error *cause = NULL;
    error_move(&cause, err);
    int32_t code = error_set(err, MIGRATE_ERROR_RIGHTS, "the role may not %s the history table %s", verb, session->history_name);
    rights_hint(session, grant, object, err);
    if (cause) {
        error_detail(err, "%s", cause->message);
        error_database(err, ERROR_RIGHTS, cause->sqlstate, cause->driver_code);
    }
    error_clear(&cause);
    return code;
}
