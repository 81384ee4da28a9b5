/* SPDX-License-Identifier: MIT
 * Sessions on the migrations alone: nobody's database is opened. What speaks SQL there is an empty database in memory, the one that
 * shadow_url leads to, or nobody. */
#include "core/session.h"

#include "util/text.h"

int32_t session_open_files(const char *engine, const migrate_options *options, migrate_session **out, migrate_error **err)
{
    const char *shadow = options ? option_text(options, OPTION_SHADOW_URL) : NULL;
    const char *url = text_equal(engine, "sqlite") ? "sqlite::memory:" : shadow;
    migrate_session *session = NULL;
    if (!url)
        return error_set(err, MIGRATE_ERROR_MISUSE, "files alone are not there yet for %s", engine ? engine : "no engine");
    int32_t code = session_open(url, options, &session, err);
    if (code != MIGRATE_OK)
        return code;
    session->files = true;
    *out = session;
    return MIGRATE_OK;
}
