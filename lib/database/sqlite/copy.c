/* SPDX-License-Identifier: MIT
 * All that is in a database, page by page, into a scratch database in memory. */
#include "database/sqlite/connection.h"
#include "util/clock.h"

enum { PAGES = 256, PAUSE = 5000, PATIENCE = 5000000 };
#define MOST ((int64_t)1 << 30) /* bytes */

static int32_t refuse(migrate_error **err, const char *why)
{
    error_set(err, MIGRATE_ERROR_SHADOW, "the database cannot be copied into memory: %s", why);
    error_hint(err, "make a copy of the file, and use that");
    return MIGRATE_ERROR_SHADOW;
}

static int32_t size_of(struct database *db, int64_t *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", &rows, err);

    if (rc == MIGRATE_OK)
        *out = rows_int(rows, 0, 0);
    rows_free(rows);
    return rc;
}

/* Somebody who writes meanwhile makes it wait, or begin anew. */
static int32_t proceed(const struct sqlite_client *api, sqlite3_backup *backup, struct watch *watch, migrate_error **err)
{
    int64_t limit = clock_monotonic() + (watch != NULL && watch->patience > 0 ? watch->patience : PATIENCE);
    int code = SQLITE_OK;
    int32_t end = MIGRATE_OK;

    while (end == MIGRATE_OK && (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)) {
        code = api->backup_step(backup, PAGES);
        if (code != SQLITE_OK && clock_monotonic() >= limit)
            break;
        end = code == SQLITE_OK || code == SQLITE_DONE ? watch_check(watch) : watch_sleep(watch, PAUSE, true);
    }
    if (end != MIGRATE_OK)
        return watch_error(watch, end, err);
    if (code == SQLITE_NOMEM)
        return error_nomem(err);
    return code == SQLITE_DONE ? MIGRATE_OK : MIGRATE_ERROR_SHADOW;
}

int32_t sqlite_scratch_copy(struct database *like, struct database *scratch, migrate_error **err)
{
    struct sqlite_database *from = (struct sqlite_database *)like, *to = (struct sqlite_database *)scratch;
    sqlite3_backup *backup;
    int64_t size = 0;
    int32_t rc;

    if (like->class != &sqlite_connection || scratch->class != &sqlite_connection)
        return refuse(err, "it is reached through a host's own driver");
    if (from->api->backup_init == NULL || from->api->backup_step == NULL || from->api->backup_finish == NULL)
        return refuse(err, "this SQLite has no backup functions");
    rc = size_of(like, &size, err);
    if (rc != MIGRATE_OK)
        return rc;
    if (size > MOST)
        return refuse(err, "it is larger than 1 GiB");
    backup = from->api->backup_init(to->handle, "main", from->handle, "main");
    if (backup == NULL && (to->api->extended_errcode(to->handle) & 0xff) == SQLITE_NOMEM)
        return error_nomem(err);
    if (backup == NULL)
        return refuse(err, to->api->errmsg(to->handle));
    rc = proceed(from->api, backup, like->watch, err);
    from->api->backup_finish(backup);
    return rc == MIGRATE_ERROR_SHADOW ? refuse(err, to->api->errmsg(to->handle)) : rc;
}
