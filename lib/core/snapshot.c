/* SPDX-License-Identifier: MIT
 * The verb snapshot: the schema as the engine sees it now, and its fingerprint. */
#include "core/schema.h"
#include "core/verbs.h"

struct database_facts_wish session_facts_wish(const migrate_session *session)
{
    return (struct database_facts_wish){.schema = session->history_schema,
                                        .table = session->history_table,
                                        .owners = option_is(session->options, OPTION_SCHEMA_PRIVILEGES, "on"),
                                        .lock_wait = option_duration(session->options, OPTION_WAIT_TIMEOUT)};
}

int32_t session_facts(migrate_session *session, struct facts *out, migrate_error **err)
{
    struct database_facts_wish wish = session_facts_wish(session);

    return facts_read(session->db, &wish, out, err);
}

int32_t verb_snapshot(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"kind", "ident", "value", "make", "undo"};
    struct facts facts = {0};
    struct text sql = {0};
    char fingerprint[DIGEST_HEX];
    struct migrate_rows *rows;
    int32_t rc = session_begin(session, err);

    if (rc == MIGRATE_OK)
        rc = session_facts(session, &facts, err);
    if (rc == MIGRATE_OK)
        rc = facts_sql(&facts, &sql, err);
    if (rc == MIGRATE_OK) {
        rows = rows_new(columns, sizeof columns / sizeof *columns);
        for (size_t i = 0; i < facts.count; i++) {
            rows_put_text(rows, facts.items[i].kind);
            rows_put_text(rows, facts.items[i].ident);
            rows_put_text(rows, facts.items[i].value);
            rows_put_text(rows, facts.items[i].make);
            rows_put_text(rows, facts.items[i].undo);
        }
        facts_fingerprint(&facts, fingerprint);
        rows_value_text(rows, "fingerprint", fingerprint);
        rows_value_text(rows, "engine", session->db->engine->name);
        rows_value_text(rows, "version", session->db->version);
        rows_value_text(rows, "sql", sql.data != NULL ? sql.data : "");
        rc = rows_finish(rows, out, err);
    }
    facts_free(&facts);
    text_free(&sql);
    return rc;
}
