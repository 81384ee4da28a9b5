/* SPDX-License-Identifier: MIT
 * Sessions on the migrations alone: nobody's database is opened. What speaks SQL there is an empty database in memory, the one that
 * shadow_url leads to, or nobody. */
#include "core/session.h"

#include "core/events.h"
#include "util/text.h"

/* That of the option shadow_url, else the only one that file names speak of, else PostgreSQL. */
static int32_t choose_engine(const char *name, const char *shadow, const migrate_options *options, const struct database_engine **out,
                             migrate_error **err)
{
    const struct database_engine *other = NULL;
    int32_t code = shadow ? database_url_engine(shadow, &other, err) : MIGRATE_OK;
    if (code != MIGRATE_OK)
        return code;
    if (!name && !other) {
        struct source_options source = {.dir = options ? option_text(options, OPTION_DIR) : NULL, .memory = options ? options->source : NULL};
        code = source_engine(&source, &name, err);
        if (code != MIGRATE_OK)
            return code;
        name = name ? name : "postgresql";
    }
    *out = name ? database_engine_of(name) : other;
    if (!*out) {
        error_set(err, MIGRATE_ERROR_MISUSE, "there is no engine \"%s\"", name);
        error_hint(err, "sqlite or postgresql");
        return MIGRATE_ERROR_MISUSE;
    }
    if (other && *out != other && *out != database_engine_of("sqlite")) { /* SQLite needs none */
        error_set(err, MIGRATE_ERROR_OPTION, "the migrations are for %s, and the option shadow_url leads to %s", (*out)->name, other->name);
        error_hint(err, "let it lead to a server of %s, or leave it out", (*out)->name);
        return MIGRATE_ERROR_OPTION;
    }
    return MIGRATE_OK;
}

static int32_t open_absent(const struct database_engine *engine, const migrate_options *options, migrate_session **out, migrate_error **err)
{
    struct database *db = NULL;
    int32_t code = database_open_absent(engine, &db, err);
    if (code != MIGRATE_OK)
        return code;
    code = session_open_on(db, NULL, options, out, err);
    if (code != MIGRATE_OK) {
        database_close(db);
        return code;
    }
    (*out)->watch.tick = event_tick;
    return MIGRATE_OK;
}

/* SQLite has room for an empty database in memory, unless its library is absent. */
static int32_t open_memory(const migrate_options *options, migrate_session **out, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = session_open("sqlite::memory:", options, out, &problem);
    if (code == MIGRATE_ERROR_CLIENT) {
        error_clear(&problem);
        return open_absent(database_engine_of("sqlite"), options, out, err);
    }
    if (code != MIGRATE_OK)
        error_move(err, &problem);
    return code;
}

int32_t session_open_files(const char *name, const migrate_options *options, migrate_session **out, migrate_error **err)
{
    const char *shadow = options ? option_text(options, OPTION_SHADOW_URL) : NULL;
    const struct database_engine *engine = NULL;
    migrate_session *session = NULL;
    int32_t code = choose_engine(name, shadow, options, &engine, err);
    if (code == MIGRATE_OK && engine == database_engine_of("sqlite"))
        code = open_memory(options, &session, err);
    else if (code == MIGRATE_OK)
        code = shadow ? session_open(shadow, options, &session, err) : open_absent(engine, options, &session, err);
    if (code != MIGRATE_OK)
        return code;
    session->files = true;
    *out = session;
    return MIGRATE_OK;
}
