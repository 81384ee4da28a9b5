/* SPDX-License-Identifier: MIT
 * Schemas from everywhere, and a place to try the way from one to another. */
#include "core/sides.h"

#include <string.h>

void side_free(struct side *side)
{
    facts_free(&side->facts);
    facts_free(&side->made);
    scratch_close(side->scratch);
    *side = (struct side){0};
}

void side_close(struct side *side)
{
    scratch_close(side->scratch);
    side->scratch = NULL;
}

int32_t side_of_migrations(struct side *side, migrate_session *session, const char *target, migrate_error **err)
{
    int32_t code = scratch_open(session, &side->scratch, err);
    if (code == MIGRATE_OK)
        code = scratch_migrate(side->scratch, target, err);
    return code == MIGRATE_OK ? session_facts(side->scratch, &side->facts, err) : code;
}

int32_t side_of_sql(struct side *side, migrate_session *session, const char *name, const char *sql, migrate_error **err)
{
    int32_t code = scratch_open(session, &side->scratch, err);
    if (code == MIGRATE_OK)
        code = scratch_run(side->scratch, name, sql, err);
    return code == MIGRATE_OK ? session_facts(side->scratch, &side->facts, err) : code;
}

int32_t side_of_declared(struct side *side, migrate_session *session, migrate_error **err)
{
    int32_t code = scratch_open(session, &side->scratch, err);
    if (code == MIGRATE_OK)
        code = scratch_declare(side->scratch, session, err);
    return code == MIGRATE_OK ? session_facts(side->scratch, &side->facts, err) : code;
}

int32_t side_of_database(struct side *side, migrate_session *session, migrate_error **err)
{
    return session_facts(session, &side->facts, err);
}

/* The same engine, and a database that is there: an empty schema by a typing error would drop everything. */
static int32_t check_other(const migrate_session *session, const migrate_session *other, migrate_error **err)
{
    if (other->db->engine != session->db->engine) {
        error_set(err, MIGRATE_ERROR_URL, "%s is no %s database", other->db->label, session->db->engine->name);
        error_hint(err, "give the URL of a database of the same engine");
        return MIGRATE_ERROR_URL;
    }
    if (!other->placeholder)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_NO_DATABASE, "%s does not exist", other->db->label);
    error_hint(err, "give the URL of a database that has the schema that is wanted");
    return MIGRATE_ERROR_NO_DATABASE;
}

int32_t side_of_url(struct side *side, migrate_session *session, const char *url, migrate_error **err)
{
    migrate_session *other = NULL;
    int32_t code = session_open(url, session->options, &other, err);
    if (code == MIGRATE_OK)
        code = check_other(session, other, err);
    if (code == MIGRATE_OK)
        code = session_begin(other, err);
    if (code == MIGRATE_OK)
        code = session_facts(other, &side->facts, err);
    session_close(other);
    return code;
}

/* ---- trying ---- */

/* Reads what was made, and whether it is the wanted schema is asked of the database, not hoped. */
static int32_t check_copy(struct side *side, migrate_error **err)
{
    char wanted[DIGEST_HEX], found[DIGEST_HEX];
    facts_free(&side->made);
    int32_t code = session_facts(side->scratch, &side->made, err);
    if (code != MIGRATE_OK)
        return code;
    facts_fingerprint(&side->facts, wanted);
    facts_fingerprint(&side->made, found);
    side->differs = strcmp(wanted, found) != 0;
    return MIGRATE_OK;
}

static int32_t copy_by_facts(struct side *side, migrate_session *session, migrate_error **err)
{
    struct text sql = {0};
    int32_t code = facts_sql(&side->facts, &sql, err);
    if (code == MIGRATE_OK)
        code = scratch_open(session, &side->scratch, err);
    if (code == MIGRATE_OK)
        code = scratch_run(side->scratch, "the copy of the schema", sql.data ? sql.data : "", err);
    text_free(&sql);
    return code == MIGRATE_OK ? check_copy(side, err) : code;
}

/* What facts cannot make, the migrations that made it may. true: it is the same now. */
static bool copy_by_migrations(struct side *side, migrate_session *session)
{
    struct side other = {.facts = side->facts};
    int32_t code = scratch_open(session, &other.scratch, NULL);
    if (code == MIGRATE_OK)
        code = scratch_replay(other.scratch, session, NULL);
    if (code == MIGRATE_OK)
        code = check_copy(&other, NULL);
    facts_free(&other.made);
    if (code != MIGRATE_OK || other.differs) {
        scratch_close(other.scratch);
        return false;
    }
    scratch_close(side->scratch);
    facts_free(&side->made);
    side->scratch = other.scratch;
    side->differs = false;
    return true;
}

static int32_t copy(struct side *side, migrate_session *session, bool own, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = copy_by_facts(side, session, &problem);
    bool failed = code == MIGRATE_ERROR_SQL;
    if (own && (failed || (code == MIGRATE_OK && side->differs)) && copy_by_migrations(side, session)) {
        error_clear(&problem);
        code = MIGRATE_OK;
    } else if (failed) { /* nothing of it is there */
        code = error_set(err, MIGRATE_ERROR_SCHEMA, "the schema cannot be made anew in a scratch database: %s", problem->message);
        error_detail(err, "%s", problem->statement ? problem->statement : "");
        error_hint(err, "nothing was tried; put into shape what does not run, or write this migration by hand");
        error_clear(&problem);
    }
    error_move(err, &problem);
    return code;
}

int32_t sides_changes(struct side *from, const struct facts *to, migrate_session *session, bool own, struct changes_wish *wish,
                      struct changes *out, migrate_error **err)
{
    int32_t code = from->scratch ? MIGRATE_OK : copy(from, session, own, err);
    if (code != MIGRATE_OK)
        return code;
    wish->facts = session_facts_wish(session);
    code = changes_find(from->differs ? &from->made : &from->facts, to, wish, from->scratch->db, out, err);
    if (code == MIGRATE_OK && from->differs)
        out->proven = false;
    return code;
}

int32_t side_anew(struct side *side, migrate_session *session, bool own, migrate_error **err)
{
    side_close(side);
    if (own)
        return copy(side, session, own, err);
    int32_t code = scratch_open(session, &side->scratch, err);
    return code == MIGRATE_OK ? scratch_migrate(side->scratch, NULL, err) : code;
}
