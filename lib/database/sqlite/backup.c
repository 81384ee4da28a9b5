/* SPDX-License-Identifier: MIT
 * Backups of a SQLite file: its last committed state in another file, by the engine's own copying of pages, through a second connection. A
 * transaction that the first one has open holds off everybody else's writing meanwhile, so that the copy is what was there before it.
 * Going back, the pages take the place of those that are there in one transaction: whoever has the file open sees the former contents
 * until his next one. */
#include "database/sqlite/connection.h"
#include "util/clock.h"
#include "util/file.h"

#include <string.h>

enum { SLICE = 1024 * 1024, PAUSE = 5000, ATTEMPTS = 10 };

#define WAY_OUT "make a copy by other means and run with backup=off"

static struct sqlite_database *of(struct database *db)
{
    return (struct sqlite_database *)db;
}

/* ---- what there is ---- */

static int32_t refuse(migrate_error **err, const char *why)
{
    error_set(err, MIGRATE_ERROR_REFUSED, "no backup can be made: %s", why);
    error_hint(err, WAY_OUT);
    return MIGRATE_ERROR_REFUSED;
}

static int32_t file_of(struct database *db, const char **out, migrate_error **err)
{
    const struct sqlite_client *api;

    if (db->class != &sqlite_connection)
        return refuse(err, "the database is reached through the host's own driver");
    api = of(db)->api;
    if (api->backup_init == NULL || api->backup_step == NULL || api->backup_finish == NULL)
        return refuse(err, "this SQLite has no backup functions");
    *out = api->db_filename(of(db)->handle, "main");
    if (*out != NULL && **out == '\0')
        *out = NULL;
    return MIGRATE_OK;
}

/* One number. */
static int32_t ask(struct database *db, const char *sql, int64_t *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(db, sql, &rows, err);

    if (rc == MIGRATE_OK)
        *out = rows_int(rows, 0, 0);
    rows_free(rows);
    return rc;
}

static int32_t size_of(struct database *db, int64_t *out, migrate_error **err)
{
    return ask(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", out, err);
}

static int32_t version_of(struct database *db, int64_t *out, migrate_error **err)
{
    return ask(db, "PRAGMA data_version", out, err);
}

/* A second connection to the database, and what to do where there is none. */
static int32_t open_second(struct database *db, int flags, struct sqlite_database **out, migrate_error **err)
{
    struct sqlite_beside beside = {.flags = flags};
    migrate_error *problem = NULL;
    int64_t pages = 0;
    int32_t rc = sqlite_open_beside(db, &beside, out, &problem);

    if (rc == MIGRATE_OK) {
        rc = ask(&(*out)->base, "PRAGMA page_count", &pages, &problem);
        if (rc != MIGRATE_OK) {
            database_close(&(*out)->base);
            *out = NULL;
        }
    }
    if (rc == MIGRATE_ERROR_IO || rc == MIGRATE_ERROR_LOCKED) {
        error_set(err, MIGRATE_ERROR_REFUSED, "no backup can be made: a second connection to %s cannot read it: %s", db->label,
                  problem != NULL ? problem->message : "no reason given");
        error_hint(err, "an encrypted file, locking_mode=EXCLUSIVE, or changes of the host's own transaction are in the way: " WAY_OUT);
        error_clear(&problem);
        return MIGRATE_ERROR_REFUSED;
    }
    error_move(err, &problem);
    return rc;
}

/* ---- copying ---- */

static void tell_pages(const struct sqlite_client *api, sqlite3_backup *backup, int64_t page,
                       void (*tell)(int64_t done, int64_t total, void *user), void *user)
{
    int64_t total, left;

    if (tell == NULL || api->backup_pagecount == NULL || api->backup_remaining == NULL)
        return;
    total = api->backup_pagecount(backup);
    left = api->backup_remaining(backup);
    tell((total - left) * page, total * page, user);
}

static bool goes_on(int code)
{
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
}

/* Steps until it is done, or (pages 0) until both sides are locked. */
static int32_t proceed(struct sqlite_database *to, sqlite3_backup *backup, int pages, int64_t page,
                       void (*tell)(int64_t done, int64_t total, void *user), void *user, migrate_error **err)
{
    struct watch *watch = to->base.watch;
    int64_t patience = watch != NULL && watch->patience > 0 ? watch->patience : 5000000, limit = clock_monotonic() + patience;
    int32_t end = MIGRATE_OK;
    int code = SQLITE_BUSY;

    while (end == MIGRATE_OK && goes_on(code)) {
        code = to->api->backup_step(backup, pages);
        if (code == SQLITE_OK && pages == 0)
            break;
        if (code == SQLITE_OK || code == SQLITE_DONE) {
            limit = clock_monotonic() + patience;
            tell_pages(to->api, backup, page, tell, user);
            end = code == SQLITE_DONE ? MIGRATE_OK : watch_check(watch);
        } else if (goes_on(code)) {
            if (clock_monotonic() >= limit)
                break;
            end = watch_sleep(watch, PAUSE, true);
        }
    }
    if (end != MIGRATE_OK)
        return watch_error(watch, end, err);
    if (code == SQLITE_DONE || (code == SQLITE_OK && pages == 0))
        return MIGRATE_OK;
    return sqlite_report(err, code, (code & 0xff) == SQLITE_FULL    ? "no room on the disk"
                                    : (code & 0xff) == SQLITE_BUSY ? "the database is locked"
                                                                    : to->api->errmsg(to->handle));
}

static int32_t copy_pages(struct sqlite_database *from, struct sqlite_database *to, const struct database_save *save, migrate_error **err)
{
    int64_t page = 0;
    sqlite3_backup *backup;
    int32_t rc = ask(&from->base, "PRAGMA page_size", &page, err);

    if (rc != MIGRATE_OK)
        return rc;
    backup = to->api->backup_init(to->handle, "main", from->handle, "main");
    if (backup == NULL)
        return sqlite_report(err, to->api->extended_errcode(to->handle), to->api->errmsg(to->handle));
    rc = proceed(to, backup, (int)(page >= SLICE || page <= 0 ? 1 : SLICE / page), page, save->tell, save->user, err);
    to->api->backup_finish(backup);
    return rc;
}

/* ---- verifying ---- */

/* A statement's answer as text; what it says of a mistake is one, too (a collation that only the application knows). */
static int32_t answer(struct database *db, const char *sql, struct text *out, migrate_error **err)
{
    migrate_error *problem = NULL;
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(db, sql, &rows, &problem);

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++)
        text_format(out, "%s%s", row > 0 ? "; " : "", rows_text(rows, row, 0) != NULL ? rows_text(rows, row, 0) : "");
    if ((rc == MIGRATE_ERROR_SQL || rc == MIGRATE_ERROR_IO) && problem != NULL) {
        text_add(out, problem->message);
        error_clear(&problem);
        rc = MIGRATE_OK;
    }
    error_move(err, &problem);
    rows_free(rows);
    return rc == MIGRATE_OK && out->failed ? error_nomem(err) : rc;
}

/* "name count" of each table. Not by an index: its collation may be the application's own. */
static int32_t count_rows(struct database *db, struct text *out, migrate_error **err)
{
    struct migrate_rows *tables = NULL;
    int32_t rc = db->class->query(db, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY name", &tables, err);

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(tables); row++) {
        struct text sql = {0};

        text_add(&sql, "SELECT count(*) FROM ");
        database_sqlite.name_quoted(&sql, "main", rows_text(tables, row, 0));
        text_add(&sql, " NOT INDEXED");
        text_format(out, "%s ", rows_text(tables, row, 0));
        rc = sql.failed ? error_nomem(err) : answer(db, sql.data, out, err);
        text_add_char(out, '\n');
        text_free(&sql);
    }
    rows_free(tables);
    return rc == MIGRATE_OK && out->failed ? error_nomem(err) : rc;
}

static int32_t not_whole(migrate_error **err, const char *file, const char *why)
{
    error_set(err, MIGRATE_ERROR_REFUSED, "%s is no whole backup: %s", file, why);
    error_hint(err, "take another one: migratectl backup --list");
    return MIGRATE_ERROR_REFUSED;
}

/* What a check says of both, and both ways to say that a copy is not the same. */
static int32_t compare(const struct text *source, const struct text *copy, const char *file, const char *what, migrate_error **err)
{
    if (text_equal(source->data, copy->data))
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_IO, "the copy in %s is not what it was made of: %s", file, what);
    error_detail(err, "in the database: %.300s\nin the copy: %.300s", source->data != NULL ? source->data : "", copy->data != NULL ? copy->data : "");
    error_hint(err, "check the disk");
    return MIGRATE_ERROR_IO;
}

#define CHECK "PRAGMA main.integrity_check(10)"

/* Where the copy is not whole, or cannot be checked, it must at least be as the database is: what is wrong there is wrong without us. */
static int32_t check_same(struct sqlite_database *from, struct sqlite_database *copy, const struct database_save *save, migrate_error **err)
{
    struct text here = {0}, there = {0};
    int32_t rc = answer(&copy->base, CHECK, &there, err);

    if (rc == MIGRATE_OK && !text_equal(there.data, "ok")) {
        rc = answer(&from->base, CHECK, &here, err);
        if (rc == MIGRATE_OK)
            rc = compare(&here, &there, save->to, "integrity_check", err);
        if (rc == MIGRATE_OK && save->remark != NULL)
            text_format(save->remark, "the database itself does not pass PRAGMA integrity_check: %.300s", there.data != NULL ? there.data : "");
    }
    text_clear(&here);
    text_clear(&there);
    if (rc == MIGRATE_OK)
        rc = count_rows(&from->base, &here, err);
    if (rc == MIGRATE_OK)
        rc = count_rows(&copy->base, &there, err);
    if (rc == MIGRATE_OK)
        rc = compare(&here, &there, save->to, "numbers of rows", err);
    text_free(&here);
    text_free(&there);
    return rc;
}

/* The copy is opened anew, so that it is read from the file. */
static int32_t verify_copy(struct sqlite_database *from, const struct database_save *save, migrate_error **err)
{
    struct sqlite_beside beside = {.path = save->to, .flags = SQLITE_OPEN_READONLY, .immutable = true};
    struct sqlite_database *copy = NULL;
    int32_t rc = sqlite_open_beside(&from->base, &beside, &copy, err);

    if (rc == MIGRATE_OK) {
        rc = check_same(from, copy, save, err);
        database_close(&copy->base);
    }
    return rc;
}

static int32_t write_copy(struct sqlite_database *from, const struct database_save *save, migrate_error **err)
{
    struct sqlite_beside beside = {.path = save->to, .flags = SQLITE_OPEN_READWRITE};
    struct sqlite_database *to = NULL;
    int32_t rc = sqlite_open_beside(&from->base, &beside, &to, err);

    if (rc != MIGRATE_OK)
        return rc;
    /* A copy that is not whole is thrown away: it needs neither a journal, nor to be flushed by SQLite. */
    rc = database_exec(&to->base, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", err);
    if (rc == MIGRATE_OK)
        rc = copy_pages(from, to, save, err);
    database_close(&to->base);
    return rc;
}

static int32_t save(struct database *db, const struct database_save *save, migrate_error **err)
{
    struct sqlite_database *from = NULL;
    int32_t rc = open_second(db, SQLITE_OPEN_READONLY, &from, err);

    if (rc != MIGRATE_OK)
        return rc;
    rc = database_exec(&from->base, "BEGIN", err); /* pages and numbers of rows are those of one state */
    if (rc == MIGRATE_OK)
        rc = write_copy(from, save, err);
    if (rc == MIGRATE_OK)
        rc = verify_copy(from, save, err);
    database_close(&from->base);
    return rc;
}

/* ---- going back ---- */

static bool lies_beside(const char *file, const char *suffix)
{
    struct text name = {0};
    bool there;

    text_format(&name, "%s%s", file, suffix);
    there = !name.failed && file_kind_of(name.data) != FILE_ABSENT;
    text_free(&name);
    return there;
}

/* What has a journal beside it is no copy of ours, and is read as the database that it is. */
static int32_t open_backup(struct database *like, const char *file, struct sqlite_database **out, migrate_error **err)
{
    struct sqlite_beside beside = {.path = file, .flags = SQLITE_OPEN_READONLY};

    beside.immutable = !lies_beside(file, "-wal") && !lies_beside(file, "-journal");
    return sqlite_open_beside(like, &beside, out, err);
}

static int32_t verify(struct database *like, const char *file, migrate_error **err)
{
    struct sqlite_database *copy = NULL;
    struct text said = {0};
    migrate_error *problem = NULL;
    int64_t pages = 0;
    int32_t rc;

    if (like->class != &sqlite_connection)
        return refuse(err, "the database is reached through the host's own driver");
    if (file_kind_of(file) != FILE_REGULAR)
        return not_whole(err, file, "there is no such file");
    rc = open_backup(like, file, &copy, &problem);
    if (rc == MIGRATE_OK)
        rc = ask(&copy->base, "PRAGMA page_count", &pages, &problem);
    if (rc == MIGRATE_OK)
        rc = answer(&copy->base, CHECK, &said, &problem);
    if (rc == MIGRATE_ERROR_IO)
        rc = not_whole(err, file, problem != NULL ? problem->message : "it cannot be read");
    else if (rc == MIGRATE_OK && pages == 0)
        rc = not_whole(err, file, "it is empty");
    else if (rc == MIGRATE_OK && !text_equal(said.data, "ok") && strstr(said.data, "no such") == NULL)
        rc = not_whole(err, file, said.data);
    else if (problem != NULL)
        error_move(err, &problem);
    error_clear(&problem);
    text_free(&said);
    if (copy != NULL)
        database_close(&copy->base);
    return rc;
}

/* Who writes leaves a trace: in WAL mode data_version tells; else the change counter in the file's head, which can be read, too, while
 * somebody has the file for himself. */
struct trace {
    struct sqlite_database *second;
    bool wal;
};

static int32_t trace_read(const struct trace *trace, int64_t *out, migrate_error **err)
{
    struct sqlite_database *second = trace->second;
    sqlite3_file *file = NULL;
    unsigned char bytes[4] = {0};
    int code;

    if (trace->wal)
        return version_of(&second->base, out, err);
    if (second->api->file_control == NULL ||
        second->api->file_control(second->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL ||
        file->pMethods == NULL)
        return error_set(err, MIGRATE_ERROR_IO, "the head of %s cannot be read", second->base.label);
    code = file->pMethods->xRead(file, bytes, sizeof bytes, 24);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) /* of an empty file it is all zeros */
        return error_set(err, MIGRATE_ERROR_IO, "the head of %s cannot be read", second->base.label);
    *out = (int64_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    return MIGRATE_OK;
}

static int32_t trace_open(struct database *db, struct trace *trace, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = open_second(db, SQLITE_OPEN_READWRITE, &trace->second, err);

    if (rc != MIGRATE_OK)
        return rc;
    rc = trace->second->base.class->query(&trace->second->base, "PRAGMA journal_mode", &rows, err);
    trace->wal = rc == MIGRATE_OK && text_equal_nocase(rows_text(rows, 0, 0), "wal");
    rows_free(rows);
    return rc;
}

/* What is there now is kept while nobody can write, and the trace of that moment. */
static int32_t keep_present(struct database *db, const struct trace *trace, const struct database_restore *restore, int64_t *seen,
                            migrate_error **err)
{
    int32_t rc = database_exec(db, "BEGIN IMMEDIATE", err);

    if (rc != MIGRATE_OK)
        return rc;
    rc = restore->safe(restore->user, err);
    if (rc == MIGRATE_OK)
        rc = trace_read(trace, seen, err);
    database_clean_up(db, "ROLLBACK", NULL);
    return rc;
}

static int32_t wrong_page(struct sqlite_database *from, struct sqlite_database *to, const struct trace *trace, int64_t *page, migrate_error **err)
{
    int64_t there = 0;
    int32_t rc = ask(&from->base, "PRAGMA page_size", page, err);

    if (rc == MIGRATE_OK)
        rc = ask(&to->base, "PRAGMA page_size", &there, err);
    if (rc == MIGRATE_OK && trace->wal && there != *page) {
        rc = error_set(err, MIGRATE_ERROR_REFUSED, "the backup has pages of %lld bytes, the database of %lld, and in WAL mode that cannot be changed",
                       (long long)*page, (long long)there);
        error_hint(err, "leave WAL mode first: PRAGMA journal_mode = DELETE");
    }
    return rc;
}

/* *moved: somebody wrote since; nothing was done. */
static int32_t replace(struct sqlite_database *from, const struct trace *trace, const struct database_restore *restore, int64_t seen,
                       bool *moved, migrate_error **err)
{
    struct sqlite_database *to = NULL;
    sqlite3_backup *backup = NULL;
    int64_t page = 0, now = 0;
    int32_t rc = open_second(&trace->second->base, SQLITE_OPEN_READWRITE, &to, err);

    if (rc != MIGRATE_OK)
        return rc;
    rc = wrong_page(from, to, trace, &page, err);
    if (rc == MIGRATE_OK) {
        backup = to->api->backup_init(to->handle, "main", from->handle, "main");
        rc = backup == NULL ? sqlite_report(err, to->api->extended_errcode(to->handle), to->api->errmsg(to->handle))
                            : proceed(to, backup, 0, page, NULL, NULL, err); /* locks, and copies nothing yet */
    }
    if (rc == MIGRATE_OK)
        rc = trace_read(trace, &now, err);
    *moved = rc == MIGRATE_OK && now != seen;
    if (rc == MIGRATE_OK && !*moved)
        rc = proceed(to, backup, (int)(page >= SLICE || page <= 0 ? 1 : SLICE / page), page, restore->tell, restore->user, err);
    if (backup != NULL) {
        int code = to->api->backup_finish(backup);
        if (rc == MIGRATE_OK && !*moved && code != SQLITE_OK)
            rc = sqlite_report(err, code, to->api->errmsg(to->handle));
    }
    database_close(&to->base);
    return rc;
}

static int32_t restore(struct database *db, const struct database_restore *restore, migrate_error **err)
{
    struct sqlite_database *from = NULL;
    struct trace trace = {0};
    int64_t seen = 0;
    bool moved = true;
    int32_t rc = open_backup(db, restore->from, &from, err);

    if (rc != MIGRATE_OK)
        return rc;
    rc = trace_open(db, &trace, err);
    for (int i = 0; rc == MIGRATE_OK && moved && i < ATTEMPTS; i++) {
        rc = keep_present(db, &trace, restore, &seen, err);
        if (rc == MIGRATE_OK)
            rc = replace(from, &trace, restore, seen, &moved, err);
    }
    if (rc == MIGRATE_OK && moved) {
        rc = error_set(err, MIGRATE_ERROR_LOCKED, "others kept writing to %s while its contents were kept", db->label);
        error_hint(err, "stop what writes to it, then try again");
    }
    if (trace.second != NULL)
        database_close(&trace.second->base);
    database_close(&from->base);
    return rc;
}

const struct database_backups sqlite_backups = {
    .file = file_of,
    .size = size_of,
    .save = save,
    .verify = verify,
    .restore = restore,
    .version = version_of,
};
