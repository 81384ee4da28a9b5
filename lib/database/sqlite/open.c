/* SPDX-License-Identifier: MIT
 * Opening a SQLite file by URL, or taking over the host's handle. SQLite makes an absent file as soon as it
 * opens one for writing, so whether it may is the caller's word. */
#include "database/sqlite/connection.h"
#include "util/file.h"
#include "util/memory.h"

#include <errno.h>
#include <string.h>

/* What sqlite3_open_v2() is given. */
struct location {
    char *name;
    bool uri;
};

/* SQLite refuses mode=rwc where the caller did not ask to create; we decide that, so the word goes: a
 * parameter of another name is ignored. */
static void drop_create_mode(char *name)
{
    for (char *p = strpbrk(name, "?&"); p != NULL; p = strpbrk(p, "?&")) {
        p++;
        if (text_starts(p, "mode=rwc") && (p[8] == '&' || p[8] == '#' || p[8] == '\0'))
            p[0] = '_';
    }
}

/* sqlite:path, sqlite:///abs, sqlite://rel, sqlite::memory:, each with ?parameters; file:... */
static int32_t locate(const char *url, const char *label, struct location *out, migrate_error **err)
{
    const char *rest = strchr(url, ':') + 1;
    struct text name = {0};
    bool uri = text_equal_nocase_n(url, "file:", 5);

    if (!uri && text_starts(rest, "//"))
        rest += 2;
    if (!uri && text_starts(rest, "file:")) {
        rest += 5;
        uri = true;
    }
    if (*rest == '\0' || *rest == '?') {
        error_set(err, MIGRATE_ERROR_URL, "%s names no file", label);
        error_hint(err, "write sqlite:path, sqlite:///absolute/path or sqlite::memory:");
        return MIGRATE_ERROR_URL;
    }
    if (uri)
        text_add(&name, "file:");
    else if (strchr(rest, '?') != NULL)
        text_add(&name, *rest == '/' ? "file://" : "file:");
    text_add(&name, rest);
    out->uri = uri || strchr(rest, '?') != NULL;
    out->name = text_take(&name);
    if (out->name == NULL) {
        text_free(&name);
        return error_nomem(err);
    }
    if (out->uri)
        drop_create_mode(out->name);
    return MIGRATE_OK;
}

/* The folder of a path, if there is none of that name; else NULL. */
static char *absent_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL || slash == path ? NULL : memory_text_n(path, (size_t)(slash - path));

    if (folder != NULL && file_kind_of(folder) != FILE_ABSENT) {
        memory_free(folder);
        folder = NULL;
    }
    return folder;
}

/* Why the file could not be opened. */
static int32_t open_failure(const struct sqlite_database *self, const struct location *at, bool create,
                            migrate_error **err)
{
    int code = self->api->extended_errcode(self->handle);
    int reason = self->api->system_errno(self->handle);
    char *folder = NULL;

    if (sqlite_device_locked(reason))
        return sqlite_report_locked_device(self->base.label, code, err);
    if ((code & 0xff) != SQLITE_CANTOPEN)
        return sqlite_report(err, code, self->api->errmsg(self->handle));
    if (reason == ENOENT && (at->uri || !create)) {
        error_set(err, MIGRATE_ERROR_NO_DATABASE, "%s: no such file", self->base.label);
        error_hint(err, "check the path and the current folder");
        error_database(err, ERROR_OTHER, NULL, code);
        return MIGRATE_ERROR_NO_DATABASE;
    }
    if (!at->uri)
        folder = absent_folder(at->name);
    error_set(err, MIGRATE_ERROR_CONNECT, "%s: the file cannot be opened%s", self->base.label,
              reason == EISDIR ? ", as it is a folder" : "");
    if (folder != NULL)
        error_hint(err, "make the folder %s first", folder);
    else
        error_hint(err, "check the path, and the permissions of file and folder");
    error_database(err, ERROR_OTHER, NULL, code);
    memory_free(folder);
    return MIGRATE_ERROR_CONNECT;
}

static int32_t new_database(migrate_client *client, struct sqlite_database **out, migrate_error **err)
{
    const void *api = NULL;
    struct sqlite_database *self;
    int32_t result = client_table(client, &sqlite_library, &api, err);

    if (result != MIGRATE_OK)
        return result;
    self = memory_new(sizeof *self);
    if (self == NULL)
        return error_nomem(err);
    self->base.class = &sqlite_connection;
    self->base.engine = &database_sqlite;
    self->client = client_ref(client);
    self->api = api;
    memcpy(self->base.version, self->api->libversion(),
           strnlen(self->api->libversion(), sizeof self->base.version - 1));
    *out = self;
    return MIGRATE_OK;
}

static int32_t open_file(struct sqlite_database *self, const char *url,
                         const struct database_options *options, migrate_error **err)
{
    struct location at = {0};
    /* A session serves one thread at a time, so SQLite need not lock. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (options->create ? SQLITE_OPEN_CREATE : 0);
    int32_t result = locate(url, self->base.label, &at, err);
    int code;

    if (result != MIGRATE_OK)
        return result;
    code = self->api->open_v2(at.name, &self->handle, flags | (at.uri ? SQLITE_OPEN_URI : 0), NULL);
    if (self->handle == NULL)
        result = error_nomem(err);
    else if (code != SQLITE_OK)
        result = open_failure(self, &at, options->create, err);
    else
        sqlite_install_handlers(self);
    memory_free(self->name);
    self->name = at.name;
    self->uri = at.uri;
    return result;
}

static bool may_only_read(const struct sqlite_database *self)
{
    return self->api->db_readonly(self->handle, "main") == 1;
}

/* SQLite falls back to reading for whatever reason writing was not to be had: for a file, too, that was not there yet and then was, because
 * another process made it in between. Opened once more it shows what it is. */
static int32_t open_settled(struct sqlite_database *self, const char *url, const struct database_options *options,
                            migrate_error **err)
{
    int32_t result = open_file(self, url, options, err);

    if (result == MIGRATE_OK && may_only_read(self)) {
        self->api->close_v2(self->handle);
        self->handle = NULL;
        result = open_file(self, url, options, err);
    }
    return result;
}

int32_t sqlite_open(const char *url, const struct database_options *options, struct database **out,
                    migrate_error **err)
{
    migrate_client *client = NULL;
    struct sqlite_database *self = NULL;
    int32_t result = client_load(&sqlite_library, &client, err);

    if (result == MIGRATE_OK)
        result = new_database(client, &self, err);
    client_unref(client);
    if (result != MIGRATE_OK)
        return result;
    self->base.watch = options->watch;
    self->base.label = database_url_masked(url);
    result = self->base.label == NULL ? error_nomem(err) : open_settled(self, url, options, err);
    if (result != MIGRATE_OK) {
        database_close(&self->base);
        return result;
    }
    self->base.read_only = may_only_read(self);
    self->base.network = sqlite_network(self->api->db_filename(self->handle, "main"));
    *out = &self->base;
    return MIGRATE_OK;
}

int32_t sqlite_open_handle(migrate_client *client, void *handle, struct database **out, migrate_error **err)
{
    struct sqlite_database *self = NULL;
    struct text label = {0};
    const char *file;
    int32_t result = new_database(client, &self, err);

    if (result != MIGRATE_OK)
        return result;
    self->handle = handle;
    self->base.borrowed = true;
    self->base.read_only = may_only_read(self);
    file = self->api->db_filename(handle, "main");
    self->base.network = sqlite_network(file);
    text_format(&label, "sqlite:%s", file == NULL || *file == '\0' ? ":memory:" : file);
    self->base.label = text_take(&label);
    if (self->base.label == NULL) {
        text_free(&label);
        database_close(&self->base);
        return error_nomem(err);
    }
    *out = &self->base;
    return MIGRATE_OK;
}

int32_t sqlite_open_memory(struct database *like, struct database **out, migrate_error **err)
{
    struct sqlite_database *self = NULL;
    struct text label = {0};
    int32_t result;

    if (like->class != &sqlite_connection) {
        result = error_set(err, MIGRATE_ERROR_SHADOW, "a host's own driver opens no second database to try things in");
        error_hint(err, "use a connection of the library's own, by URL, or hand over the sqlite3 handle");
        return result;
    }
    result = new_database(((struct sqlite_database *)like)->client, &self, err);
    if (result != MIGRATE_OK)
        return result;
    self->base.watch = like->watch;
    text_format(&label, "a scratch database for %s", like->label);
    self->base.label = text_take(&label);
    text_free(&label);
    if (self->base.label == NULL ||
        (self->api->open_v2(":memory:", &self->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
             SQLITE_OK &&
         self->handle == NULL)) {
        result = error_nomem(err);
    } else if (self->api->extended_errcode(self->handle) != SQLITE_OK) {
        result = sqlite_report(err, self->api->extended_errcode(self->handle), self->api->errmsg(self->handle));
    } else {
        sqlite_install_handlers(self);
        result = database_exec(&self->base, "PRAGMA foreign_keys = OFF", err); /* some builds of SQLite enforce them by themselves */
    }
    if (result == MIGRATE_OK)
        *out = &self->base;
    else
        database_close(&self->base);
    return result;
}

/* ---- beside one that is open ---- */

/* The file system that the host's handle goes through; NULL: SQLite's own. */
static const char *vfs_of(const struct sqlite_database *like)
{
    sqlite3_vfs *vfs = NULL;

    if (like->api->file_control == NULL ||
        like->api->file_control(like->handle, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK || vfs == NULL)
        return NULL;
    return vfs->zName;
}

static void add_uri_path(struct text *out, const char *path)
{
    for (; *path != '\0'; path++) {
        if (strchr("?#%", *path) != NULL)
            text_format(out, "%%%02X", (unsigned)(unsigned char)*path);
        else
            text_add_char(out, *path);
    }
}

/* What is opened: a path as it is, a path as a URI, or what was opened before. */
static char *beside_name(const struct sqlite_database *like, const struct sqlite_beside *beside, bool *uri)
{
    const char *path = beside->path != NULL ? beside->path : like->name != NULL ? like->name : like->api->db_filename(like->handle, "main");
    struct text name = {0};

    *uri = beside->immutable || (beside->path == NULL && like->name != NULL && like->uri);
    if (!beside->immutable)
        return memory_text(path);
    text_add(&name, *path == '/' ? "file://" : "file:");
    add_uri_path(&name, path);
    text_add(&name, "?immutable=1");
    return text_take(&name);
}

int32_t sqlite_open_beside(struct database *like, const struct sqlite_beside *beside, struct sqlite_database **out, migrate_error **err)
{
    struct sqlite_database *from = (struct sqlite_database *)like, *self = NULL;
    bool uri = false;
    char *name = beside_name(from, beside, &uri);
    int32_t result = name == NULL ? error_nomem(err) : new_database(from->client, &self, err);
    int code;

    if (result != MIGRATE_OK) {
        memory_free(name);
        return result;
    }
    self->name = name;
    self->uri = uri;
    self->base.watch = like->watch;
    self->base.label = memory_text(beside->path != NULL ? beside->path : like->label);
    code = self->base.label == NULL ? SQLITE_NOMEM
                                    : self->api->open_v2(name, &self->handle, beside->flags | SQLITE_OPEN_NOMUTEX | (uri ? SQLITE_OPEN_URI : 0),
                                                         vfs_of(from));
    if (self->base.label == NULL || self->handle == NULL)
        result = error_nomem(err);
    else if (code != SQLITE_OK)
        result = sqlite_report(err, self->api->extended_errcode(self->handle), self->api->errmsg(self->handle));
    else
        sqlite_install_handlers(self);
    if (result == MIGRATE_OK)
        *out = self;
    else
        database_close(&self->base);
    return result;
}
