/* SPDX-License-Identifier: MIT
 * The verb generate_down: the way back from one migration, as a run would generate it (down.h), but found before anybody runs it: in a
 * scratch database, whose tables count as if they held rows, because those of the real one do. */
#include "core/down.h"
#include "core/events.h"
#include "core/samples.h"
#include "core/target.h"
#include "core/verbs.h"
#include "util/memory.h"

#include <string.h>

static int32_t find(struct build *build, const char *id, const struct migration **out, migrate_error **err)
{
    struct history none = {0};
    struct comparison comparison = {0};
    struct target target = {0};
    int32_t code = compare(build->source, &none, &comparison, err);
    if (code == MIGRATE_OK)
        code = target_read(&comparison, id, &target, err);
    if (code == MIGRATE_OK && target.kind != TARGET_ID) {
        code = error_set(err, MIGRATE_ERROR_TARGET, "\"%s\" is no id", id);
        error_hint(err, "status lists the ids");
    }
    if (code == MIGRATE_OK)
        *out = target.item->migration;
    comparison_free(&comparison);
    return code;
}

/* Rows that are changed in a table that holds none leave no trace, and where sample rows are in it none of them may be meant: so the words
 * tell. blind: there are no samples, so that code might do anything. */
static bool changes_rows(const struct sql_dialect *dialect, const char *sql, size_t length, bool blind)
{
    static const char *const words[] = {"update", "delete", "merge", "truncate", "replace"}, *const code[] = {"do", "call", "select"};
    struct sql_reader reader;
    sql_reader_open(&reader, dialect, sql, length);
    bool with = sql_reader_is(&reader, "with");
    for (size_t i = 0; blind && i < sizeof code / sizeof *code; i++) {
        if (sql_reader_is(&reader, code[i]))
            return true;
    }
    do {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (sql_reader_is(&reader, words[i]))
                return true;
        }
        sql_reader_next(&reader);
    } while (with && reader.token.kind != SQL_END);
    return false;
}

/* Why there is none, by the words of the migration alone; NULL: nothing is said. */
static int32_t look_at_words(migrate_session *session, const struct build *build, const struct migration *m, bool blind, const char **why,
                             migrate_error **err)
{
    struct script script = {0};
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    *why = NULL;
    if (m->up.code) {
        *why = blind ? "no rollback text: it is code, which may change rows" : NULL;
        return MIGRATE_OK;
    }
    int32_t code = script_read(session, build->source, m->id, &m->up, NULL, &script, err);
    if (code != MIGRATE_OK)
        return code;
    code = script_stream_open(&stream, &script, NULL, false, err);
    while (code == MIGRATE_OK) {
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        if (changes_rows(session->db->engine->dialect, stream.sql.text + statement.offset, statement.length, blind))
            *why = "no rollback text: it changes rows, or may do so, which nothing takes back";
    }
    script_stream_close(&stream);
    script_free(&script);
    return code;
}

static int32_t try_it(migrate_session *session, const struct build *build, const struct migration *m, bool filled, char **down,
                      char **refused, migrate_error **err)
{
    migrate_session *scratch = NULL;
    struct samples samples = {0};
    int32_t code = scratch_open(session, &scratch, err);
    if (code == MIGRATE_OK && m > build->source->items)
        code = scratch_migrate(scratch, m[-1].id, err);
    if (code == MIGRATE_OK && filled)
        code = samples_fill(scratch, &samples, err);
    if (code == MIGRATE_OK) {
        scratch->rows_assumed = true;
        code = options_set(scratch->options, "generate_down", "on", err);
    }
    if (code == MIGRATE_OK)
        code = scratch_migrate(scratch, m->id, err);
    if (code == MIGRATE_OK)
        code = history_down(scratch, m->id, down, err);
    if (code == MIGRATE_OK && !*down)
        code = history_reason(scratch, m->id, refused, err);
    samples_free(&samples);
    scratch_close(scratch);
    return code;
}

/* With rows in the tables, so that what is done to rows is seen; or, where it does not run with those, without. */
static int32_t find_down(migrate_session *session, const struct build *build, const struct migration *m, char **down, char **refused,
                         const char **why, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = look_at_words(session, build, m, false, why, &problem);
    if (code == MIGRATE_OK && !*why)
        code = try_it(session, build, m, true, down, refused, &problem);
    if (code == MIGRATE_ERROR_SQL || code == MIGRATE_ERROR_CODE) {
        error_clear(&problem);
        code = look_at_words(session, build, m, true, why, &problem);
        if (code == MIGRATE_OK && !*why)
            code = try_it(session, build, m, false, down, refused, &problem);
    }
    error_move(err, &problem);
    return code;
}

static int32_t report(const struct migration *m, const char *down, const char *refused, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"kind", "ident", "reason"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    rows_value_text(rows, "id", m->id);
    rows_value_text(rows, "file", m->up.file);
    rows_value_text(rows, "down", down ? down : "");
    rows_value_text(rows, "refused", down ? NULL : refused);
    rows_value_bool(rows, "proven", down && !strstr(down, "-- not tried\n")); /* the text itself says it, see down.c */
    return rows_finish(rows, out, err);
}

int32_t verb_generate_down(migrate_session *session, const char *id, migrate_rows **out, migrate_error **err)
{
    struct build *build = NULL;
    const struct migration *m = NULL;
    const char *why = NULL;
    char *down = NULL, *refused = NULL;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK)
        code = session_build(session, &build, err);
    if (code == MIGRATE_OK)
        code = find(build, id, &m, err);
    if (code == MIGRATE_OK && m->down.present) {
        why = "it has a rollback text";
    } else if (code == MIGRATE_OK) {
        event_doing(session, "looking for the way back from", m->id);
        code = find_down(session, build, m, &down, &refused, &why, err);
        event_doing(session, NULL, NULL);
    }
    if (code == MIGRATE_OK)
        code = report(m, down, why ? why : refused ? refused : "nobody could say why", out, err);
    memory_free(down);
    memory_free(refused);
    return code;
}
