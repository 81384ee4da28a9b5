/* SPDX-License-Identifier: MIT
 *
 * libmigrate: a program brings its database to the schema it was built for, in its own start-up.
 *
 * This header is the whole contract and its manual. Start with migrate_startup() at the end of the
 * file: most programs need that one call.
 *
 * Rules that hold for every function
 *   Names      migrate_object_verb; opaque types; constants MIGRATE_X.
 *   Text       UTF-8, NUL-terminated unless a length stands beside it.
 *   Results    0 = done; > 0 = a defined answer that is no error (MIGRATE_PENDING ...); < 0 = an error code.
 *   Outputs    parameters named out_*; on failure none of them is touched. The last parameter,
 *              out_err, may be NULL; if it is not, it receives an error object on failure (yours: free it
 *              with migrate_error_free()) and is left alone on success. Start it at NULL.
 *   Ownership  a handle that comes through an out_* parameter is yours to free. A pointer that is returned is
 *              borrowed; its comment names the owner. Inputs are copied. Every *_free accepts NULL.
 *              Handles may be freed in any order: what one needs of another, it keeps alive.
 *   Threads    the library starts none and keeps no global that changes. A handle may move between threads
 *              but serves one at a time. Exceptions, marked "any thread": migrate_rows and migrate_error are
 *              immutable once you have them, and migrate_token_stop() / migrate_token_cancel() may be called
 *              from any thread and from a signal handler while another thread is inside the library.
 *   Manners    never exits, aborts, prints, forks, changes signals, locale, folder or environment, and reads
 *              the environment in migrate_options_from_environment() alone (libpq reads its own PG* variables).
 *   Time       int64_t microseconds: durations, and instants since 1970-01-01 UTC.
 *   Memory     any allocation may fail: the call returns MIGRATE_ERROR_NOMEM and leaves the database as for
 *              any other failure at that point.
 */
#ifndef MIGRATE_H
#define MIGRATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIGRATE_VERSION_MAJOR 1
#define MIGRATE_VERSION_MINOR 0
#define MIGRATE_VERSION_PATCH 0
#define MIGRATE_VERSION_NUMBER                                                                               \
    (MIGRATE_VERSION_MAJOR * 1000000 + MIGRATE_VERSION_MINOR * 1000 + MIGRATE_VERSION_PATCH)

#ifndef MIGRATE_API
#if defined(__GNUC__) && !defined(_WIN32)
#define MIGRATE_API __attribute__((visibility("default")))
#else
#define MIGRATE_API
#endif
#endif

/* ------------------------------------------------------------------------------------------------
 * Opaque handles
 */
typedef struct migrate_session migrate_session;       /* an open database with its migrations */
typedef struct migrate_plan migrate_plan;             /* steps that would run, as reviewed */
typedef struct migrate_run migrate_run;               /* a run that the host pulls step by step */
typedef struct migrate_options migrate_options;       /* key/value settings, token, event callback, source */
typedef struct migrate_source migrate_source;         /* migrations that the host holds in memory */
typedef struct migrate_rows migrate_rows;             /* an immutable table of results */
typedef struct migrate_error migrate_error;           /* what went wrong, where, and what to do */
typedef struct migrate_event migrate_event;           /* what the event callback receives */
typedef struct migrate_token migrate_token;           /* asks a running call to end */
typedef struct migrate_connection migrate_connection; /* what a code migration works on */
typedef struct migrate_client migrate_client;         /* functions of a client library (libpq, sqlite3) */
typedef struct migrate_driver migrate_driver;         /* a host's own connection, as callbacks */
typedef struct migrate_result migrate_result;         /* what a host's driver fills in */
typedef struct migrate_backup_job migrate_backup_job; /* what a backup callback is asked for */

/* Any function pointer on its way through migrate_client_set() or migrate_driver_set(). */
typedef void (*migrate_function)(void);

/* ------------------------------------------------------------------------------------------------
 * Codes. Never renumbered, never reused. migrate_error_class() groups the errors by what to do.
 */
#define MIGRATE_OK 0      /* done, or nothing to do */
#define MIGRATE_PENDING 1 /* mode check: migrations are pending */
#define MIGRATE_MORE 2    /* migrate_run_step(): a step was done, call again */
#define MIGRATE_STOPPED                                                                                      \
    3 /* run_budget or migrate_token_stop() ended the run at a safe point; go on with a new run */
#define MIGRATE_DIFFERS 4 /* the schemas that were compared are not equal; the rows say in what */
#define MIGRATE_FINDINGS 5 /* a check found something of the severity "error"; the rows say what */

#define MIGRATE_ERROR_NOMEM (-1)          /* out of memory */
#define MIGRATE_ERROR_MISUSE (-2)         /* an argument is NULL, out of range, or untimely */
#define MIGRATE_ERROR_OPTION (-3)         /* unknown option or bad value */
#define MIGRATE_ERROR_URL (-4)            /* a URL that names no known engine or cannot be read */
#define MIGRATE_ERROR_CLIENT (-5)         /* client library absent, or lacks a function */
#define MIGRATE_ERROR_CONNECT (-6)        /* database not reachable within wait_timeout */
#define MIGRATE_ERROR_AUTHENTICATION (-7) /* password, role or host refused by the server */
#define MIGRATE_ERROR_NO_DATABASE (-8)    /* the server has no such database; the file does not exist */
#define MIGRATE_ERROR_SOURCE (-9)         /* a directory, file, name or text of the source is not valid */
#define MIGRATE_ERROR_DUPLICATE (-10)     /* two migrations with one id or one number */
#define MIGRATE_ERROR_DEPENDENCY                                                                             \
    (-11) /* Depends: names an unknown id, forms a circle, or forbids this rollback */
#define MIGRATE_ERROR_TARGET (-12)    /* target unknown, or fits several ids */
#define MIGRATE_ERROR_SQL (-13)       /* a statement failed; its migration was rolled back */
#define MIGRATE_ERROR_CODE (-14)      /* a code migration or a host's callback failed */
#define MIGRATE_ERROR_MODIFIED (-15)  /* an applied migration's text has changed */
#define MIGRATE_ERROR_MISSING (-16)   /* an applied migration is not in the source */
#define MIGRATE_ERROR_LATE (-17)      /* a pending number is lower than an applied one */
#define MIGRATE_ERROR_AHEAD (-18)     /* the database is ahead of this build */
#define MIGRATE_ERROR_RENAMED (-19)   /* an applied migration stands in the source under a new id */
#define MIGRATE_ERROR_UNMANAGED (-20) /* the database has objects but no history */
#define MIGRATE_ERROR_HISTORY (-21)   /* the history table is not ours, newer than this library, or damaged */
#define MIGRATE_ERROR_RIGHTS (-22)    /* the role lacks a right; the hint has the GRANT */
#define MIGRATE_ERROR_READ_ONLY (-23) /* read-only file or server */
#define MIGRATE_ERROR_LOCKED (-24)    /* another runner or writer holds the lock beyond wait_timeout, or   \
                                       * a table's lock was not to be had (ddl_lock_timeout) */
#define MIGRATE_ERROR_TIMEOUT (-25)   /* run_deadline, max_blocking, or mode wait beyond wait_timeout */
#define MIGRATE_ERROR_CANCELLED (-26) /* cancelled by token or by the event callback */
#define MIGRATE_ERROR_STALE (-27)     /* the plan no longer fits the database or the source */
#define MIGRATE_ERROR_IRREVERSIBLE (-28) /* no rollback text */
#define MIGRATE_ERROR_REFUSED (-29)      /* refused by a guard */
#define MIGRATE_ERROR_PARTIAL                                                                                \
    (-30) /* non-transactional work ended half-way; a new run goes on behind the last done statement */
#define MIGRATE_ERROR_CONNECTION_LOST                                                                        \
    (-31) /* the connection broke during the run; what was under way was not committed */
#define MIGRATE_ERROR_IN_TRANSACTION (-32)  /* the host's connection is inside a transaction */
#define MIGRATE_ERROR_IO (-33)              /* disk full, I/O error, damaged database file */
#define MIGRATE_ERROR_INTERNAL (-34)        /* a defect in the library: please report it */
#define MIGRATE_ERROR_FILE_SYSTEM                                                                            \
    (-35) /* SQLite: the file is on a network file system (option network_file), or one without locks */
#define MIGRATE_ERROR_DEVICE_LOCKED                                                                          \
    (-36) /* SQLite: the file is there only once the device or its encrypted folder is unlocked */
#define MIGRATE_ERROR_OUTCOME_UNKNOWN                                                                        \
    (-37) /* the connection broke during COMMIT and the database could not be asked; the next run finds out */

#define MIGRATE_ERROR_SHADOW                                                                                 \
    (-38) /* no scratch database to try things in: the role may not create one (option shadow_url), and a transaction does not do */
#define MIGRATE_ERROR_SCHEMA                                                                                 \
    (-39) /* the schema is not the one that was claimed or wanted; the detail names what differs */

/* "Not there", where a function returns an index. */
#define MIGRATE_NONE ((size_t)-1)

/* ------------------------------------------------------------------------------------------------
 * The library
 */

/* Version of the library that runs, "1.0.0" (static). Any thread. Since 1.0. */
MIGRATE_API const char *migrate_version(void);

/* The same as a number, as MIGRATE_VERSION_NUMBER. Any thread. Since 1.0. */
MIGRATE_API int32_t migrate_version_number(void);

/* 1 if this build has a feature, else 0: "sqlite", "postgresql" (engines), "dlopen" (client libraries are
 * loaded on first use), "linked" (they were linked at build time). Unknown names give 0. Any thread.
 * Since 1.0. */
MIGRATE_API int32_t migrate_has(const char *feature);

/* Frees a text that the library handed over through a char **out_* parameter. NULL is fine. Any thread.
 * Since 1.0. */
MIGRATE_API void migrate_free(void *text);

/* ------------------------------------------------------------------------------------------------
 * Errors. Immutable; any thread. Texts belong to the error and live as long as it; getters return NULL (or 0)
 * where there is nothing to say. No password ever stands in one. All since 1.0.
 */
MIGRATE_API int32_t migrate_error_code(const migrate_error *error); /* MIGRATE_ERROR_X */
MIGRATE_API const char *
migrate_error_name(const migrate_error *error); /* the code as a word: "sql", "locked" ... */
/* What to do: "retry" (later), "source" (mend the migrations), "rights", "usage", "state" (decide: the
 * database and the build differ), "environment" (mend the set-up), "cancelled", "internal", "unknown" (it may have been done or
 * not: run again on a new connection, the history tells). */
MIGRATE_API const char *migrate_error_class(const migrate_error *error);
MIGRATE_API const char *migrate_error_message(const migrate_error *error); /* one line */
MIGRATE_API const char *migrate_error_detail(const migrate_error *error);
MIGRATE_API const char *migrate_error_hint(const migrate_error *error); /* what to do next */
MIGRATE_API const char *migrate_error_id(const migrate_error *error);   /* the migration */
MIGRATE_API const char *migrate_error_file(const migrate_error *error);
MIGRATE_API int64_t migrate_error_line(const migrate_error *error);   /* 1-based, in the file; 0: none */
MIGRATE_API int64_t migrate_error_column(const migrate_error *error); /* 1-based, in characters; 0: none */
MIGRATE_API const char *
migrate_error_statement(const migrate_error *error); /* the failing statement, cut at 4 KiB */
MIGRATE_API const char *migrate_error_sqlstate(const migrate_error *error); /* PostgreSQL's five characters */
MIGRATE_API int32_t migrate_error_driver_code(const migrate_error *error); /* SQLite's extended result code */

/* The whole error as text for a person: "dir/007_x.sql:37:12: message", the source line with a caret, detail,
 * hint. *out_text is yours: migrate_free(). Fails with MIGRATE_ERROR_NOMEM or _MISUSE only. */
MIGRATE_API int32_t migrate_error_text(const migrate_error *error, char **out_text);

/* The whole error as a JSON object. *out_json is yours: migrate_free(). */
MIGRATE_API int32_t migrate_error_json(const migrate_error *error, char **out_json);

MIGRATE_API void migrate_error_free(migrate_error *error);

/* The word of a code ("sql" for MIGRATE_ERROR_SQL, "pending" for MIGRATE_PENDING); static; NULL for a number
 * that is no code. */
MIGRATE_API const char *migrate_code_name(int32_t code);

/* ------------------------------------------------------------------------------------------------
 * Row sets: reports, history, status, options. Immutable, outlive their session, any thread, freed in any
 * order. Columns are only ever added; address them by name. Out-of-range indexes give NULL or 0, never a
 * crash. All since 1.0.
 */
MIGRATE_API size_t migrate_rows_count(const migrate_rows *rows);
MIGRATE_API size_t migrate_rows_columns(const migrate_rows *rows);
MIGRATE_API const char *migrate_rows_column_name(const migrate_rows *rows, size_t column);
MIGRATE_API size_t migrate_rows_column_index(const migrate_rows *rows,
                                             const char *name); /* or MIGRATE_NONE */
MIGRATE_API int32_t migrate_rows_is_null(const migrate_rows *rows, size_t row, size_t column);
MIGRATE_API const char *migrate_rows_text(const migrate_rows *rows, size_t row,
                                          size_t column); /* numbers too, as text */
MIGRATE_API size_t migrate_rows_text_length(const migrate_rows *rows, size_t row, size_t column); /* bytes */
MIGRATE_API int64_t migrate_rows_int(const migrate_rows *rows, size_t row,
                                     size_t column); /* truth values: 0, 1 */

/* Values that belong to the whole set, by name: "changed", "from", "to" ... (each function lists its own). */
MIGRATE_API const char *migrate_rows_value_text(const migrate_rows *rows, const char *name);
MIGRATE_API int64_t migrate_rows_value_int(const migrate_rows *rows, const char *name);

/* {"name": value, ..., "rows": [{"column": value, ...}, ...]}. *out_json is yours: migrate_free(). */
MIGRATE_API int32_t migrate_rows_json(const migrate_rows *rows, char **out_json, migrate_error **out_err);

MIGRATE_API void migrate_rows_free(migrate_rows *rows);

/* ------------------------------------------------------------------------------------------------
 * Token: asks a call that waits or runs to end. Reference-counted. All since 1.0.
 */
MIGRATE_API int32_t migrate_token_new(migrate_token **out_token, migrate_error **out_err);

/* End at the next safe point: nothing new is begun; a migration that is under way is finished, or left between two parts of it
 * where it is not one transaction: a new run goes on behind what was done. The call
 * returns MIGRATE_STOPPED, or MIGRATE_ERROR_CANCELLED where it was waiting. Any thread,
 * signal handlers. */
MIGRATE_API void migrate_token_stop(migrate_token *token);

/* End now: the statement that runs is cancelled, its migration rolled back; the call returns
 * MIGRATE_ERROR_CANCELLED within about 200 ms. On the host's own sqlite3 handle it calls sqlite3_interrupt(), unless the host has a
 * statement or a transaction of its own under way there: then it is heard behind the statement. Any thread, signal handlers. */
MIGRATE_API void migrate_token_cancel(migrate_token *token);

/* 0: nothing asked; 1: stop; 2: cancel. Any thread. */
MIGRATE_API int32_t migrate_token_state(const migrate_token *token);

/* Gives the caller's reference up; options and sessions hold their own. */
MIGRATE_API void migrate_token_free(migrate_token *token);

/* ------------------------------------------------------------------------------------------------
 * Events: progress, log, checkpoints. One callback, on the calling thread, during the call; at least one
 * event a second while something waits or runs. The event and its texts live until the callback returns. A
 * non-zero return cancels, as migrate_token_cancel() does. The callback must not call the library on the same
 * session. All since 1.0.
 *
 * Names: "connecting" (again, database not up yet), "connected", "waiting" (for another runner), "locked", "plan", "step"
 * (begins), "progress", "done" (step done, not yet committed), "applied" / "rolled_back" (committed), "failed", "warning",
 * "notice" (the database's own), "finished", "reconciled" (what was missing of the declared schema was added: "count"),
 * "protected" (the mark was set, or taken away); "reconnecting" and "reconnected" (the connection broke; whether the migration
 * under way had been committed); on PostgreSQL "blocked" (it waits for a lock, or did not get it and is tried again:
 * "sessions" names who has it) and "blocking" (it has held a lock on the existing "tables" for more than 5 s; "sessions" are
 * the "count" that wait behind it), "backup" (begins, about twice a second while it is made or brought back, "bytes" of
 * "total" in "file", and once more at its end, then with "duration_us"), "pooler" (one stands before the server: each
 * transaction takes the lock for itself, or the run goes past it), "scratch" (the role may make no scratch database: things
 * are tried in a transaction of the database itself, see migrate_verify(); once a session). Later versions add names: ignore
 * those that you do not know. Values: "id", "name", "file", "message", "direction", "number", "count", "duration_us",
 * "waited_us", "statement", "code", "pid", "tables", "sessions". "waiting", where the server tells who holds the lock: its
 * "pid", "application", "host", "since" (when it connected), "id" (the migration it is at), and as "statement" what would end
 * it.
 */
typedef int32_t (*migrate_event_fn)(const migrate_event *event, void *user);
MIGRATE_API const char *migrate_event_name(const migrate_event *event);
MIGRATE_API const char *
migrate_event_level(const migrate_event *event); /* "debug", "info", "warning", "error" */
MIGRATE_API const char *
migrate_event_message(const migrate_event *event); /* one line for a person, never NULL */
MIGRATE_API const char *migrate_event_text(const migrate_event *event,
                                           const char *value); /* NULL: not in this event */
MIGRATE_API int64_t migrate_event_int(const migrate_event *event,
                                      const char *value); /* 0: not in this event */

/* ------------------------------------------------------------------------------------------------
 * Options: key/value text, checked as they are set, copied when a session opens. All since 1.0.
 */
MIGRATE_API int32_t migrate_options_new(migrate_options **out_options, migrate_error **out_err);

/* Sets one option; a NULL value brings the default back. Durations carry a unit ("500ms", "30s", "5min", "2h", "30d"; "0" and
 * "none" switch off where the option says so), and so do sizes ("500MB", "2GiB"); truth values are on/off.
 * MIGRATE_ERROR_OPTION names the nearest key or the values that would do. */
MIGRATE_API int32_t migrate_options_set(migrate_options *options, const char *key, const char *value,
                                        migrate_error **out_err);

/* The value in force (default included), or NULL for an unknown key or no value. Belongs to the options until
 * the next set. */
MIGRATE_API const char *migrate_options_get(const migrate_options *options, const char *key);

/* Every option: "key", "type" (text, word, duration, number, size, truth), "default", "values" (of a word,
 * separated by |), "secret" (truth: mask it), "since", "help", "environment" (its variable). Any thread. */
MIGRATE_API int32_t migrate_options_list(migrate_rows **out_rows, migrate_error **out_err);

/* Reads MIGRATE_<KEY IN CAPITALS> for every option, and DATABASE_URL for "url" where MIGRATE_URL is not set.
 * Options set before keep their value only where the environment has none. */
MIGRATE_API int32_t migrate_options_from_environment(migrate_options *options, migrate_error **out_err);

/* The token is kept alive by the options and by every session opened with them. NULL takes it away. */
MIGRATE_API int32_t migrate_options_set_token(migrate_options *options, migrate_token *token,
                                              migrate_error **out_err);

/* fn NULL takes it away. */
MIGRATE_API int32_t migrate_options_set_event(migrate_options *options, migrate_event_fn fn, void *user);

/* Migrations from memory, beside those of the option "dir" (both may be used; ids must differ). Kept alive;
 * do not add to a source that a session uses. */
MIGRATE_API int32_t migrate_options_set_source(migrate_options *options, migrate_source *source,
                                               migrate_error **out_err);

/* The schema that the application is written for, as SQL text or as code that makes it in an empty database (it gets a scratch
 * one); see migrate_reconcile() and migrate_generate(). The text is copied. Both NULL: takes it away; the option "declared"
 * then names a file. Since 1.0. */
typedef int32_t (*migrate_declare_fn)(migrate_connection *connection, void *user);
MIGRATE_API int32_t migrate_options_set_declared(migrate_options *options, const char *sql,
                                                 migrate_declare_fn make, void *user,
                                                 migrate_error **out_err);

/* Backups of a server's database, which the library does not make itself, because that takes a program (pg_dump) and it never
 * starts one inside its host. Called on the calling thread, while the run has its lock and before it has changed anything;
 * behind a pooler that pools transactions, while one that holds the lock is open. fn returns 0, or anything else to fail (say
 * why with migrate_backup_job_fail() first): then the run does not begin. NULL takes it away. SQLite needs none. Since 1.0. */
typedef int32_t (*migrate_backup_fn)(migrate_backup_job *job, void *user);
MIGRATE_API int32_t migrate_options_set_backup(migrate_options *options, migrate_backup_fn fn, void *user);

/* What is wanted: "backup" (write the file, mode 0600, and flush it to disk), "verify" (can it be read, and is it whole?), "restore" (bring
 * its contents back). */
MIGRATE_API const char *migrate_backup_job_verb(const migrate_backup_job *job);
/* The file; of a backup: one that does not exist, in a folder that does. */
MIGRATE_API const char *migrate_backup_job_file(const migrate_backup_job *job);
/* The tables that are wanted, quoted and with their schemas, one by one; NULL behind the last one. None: the whole database. */
MIGRATE_API const char *migrate_backup_job_table(const migrate_backup_job *job, size_t number);
/* The database's URL, with its password if it has one: for the callback alone, never for a child's arguments. NULL: the host's connection. */
MIGRATE_API const char *migrate_backup_job_url(const migrate_backup_job *job);
/* The server's version, "16.4": what makes the backup must not be older. NULL: it is not known. */
MIGRATE_API const char *migrate_backup_job_server(const migrate_backup_job *job);
/* 1: give up, at once; ask at least ten times a second. Sends events meanwhile, so that the host hears of progress. */
MIGRATE_API int32_t migrate_backup_job_cancelled(migrate_backup_job *job);
/* Why the callback is about to fail, and what would help (may be NULL). Returns MIGRATE_ERROR_CODE. */
MIGRATE_API int32_t migrate_backup_job_fail(migrate_backup_job *job, const char *message, const char *hint);

MIGRATE_API void migrate_options_free(migrate_options *options);

/* ------------------------------------------------------------------------------------------------
 * Migrations from memory. Texts are copied. All since 1.0.
 */
MIGRATE_API int32_t migrate_source_new(migrate_source **out_source, migrate_error **out_err);

/* Adds a file of a migrations directory, as if it lay there under this path ("001_users.sql",
 * "repeatable/v.sql", "schema.sql"): names, directives and rollback blocks are read alike. What `migratectl
 * embed` writes calls this. The path's form is checked at once, the rest when the source is used. */
MIGRATE_API int32_t migrate_source_add_file(migrate_source *source, const char *path, const char *text,
                                            size_t length, migrate_error **out_err);

/* Adds one migration as texts; down may be NULL. A "-- ROLLBACK:" block in up counts where down is NULL. */
MIGRATE_API int32_t migrate_source_add(migrate_source *source, const char *id, const char *up,
                                       const char *down, migrate_error **out_err);

/* A migration in the host's code. It gets the open connection inside the migration's transaction and returns
 * 0, or anything else to fail (say why with migrate_connection_fail() first). Its effects in the database
 * happen exactly once; what it does outside may happen again after a crash, or in the same run after a lost
 * connection. It must not commit, roll back or
 * use another connection to the same database. */
typedef int32_t (*migrate_code_fn)(migrate_connection *connection, void *user);

/* Adds a code migration; down may be NULL. version stands where a text's checksum would: change it when the
 * code changes its meaning. */
MIGRATE_API int32_t migrate_source_add_code(migrate_source *source, const char *id, const char *version,
                                            migrate_code_fn up, migrate_code_fn down, void *user,
                                            migrate_error **out_err);

/* The fast road for an empty database in code: creates the schema as it stands after migration `stands_for`.
 */
MIGRATE_API int32_t migrate_source_set_schema_code(migrate_source *source, const char *stands_for,
                                                   migrate_code_fn create, void *user,
                                                   migrate_error **out_err);

MIGRATE_API void migrate_source_free(migrate_source *source);

/* ------------------------------------------------------------------------------------------------
 * What a code migration may do with its connection. Valid until the callback returns. All since 1.0.
 */
MIGRATE_API const char *
migrate_connection_engine(const migrate_connection *connection); /* "sqlite", "postgresql" */

/* The native handle (sqlite3 *, PGconn *) or NULL for a host's driver, and where things are only tried in a transaction of the
 * database. It belongs to the session or its host.
 */
MIGRATE_API void *migrate_connection_handle(const migrate_connection *connection);

/* Runs SQL text, one or more statements. */
MIGRATE_API int32_t migrate_connection_exec(migrate_connection *connection, const char *sql,
                                            migrate_error **out_err);

/* Runs one statement and returns its rows (all text, or null). */
MIGRATE_API int32_t migrate_connection_query(migrate_connection *connection, const char *sql,
                                             migrate_rows **out_rows, migrate_error **out_err);

/* A text as a literal of the engine's SQL, quotes included. *out_literal is yours: migrate_free(). */
MIGRATE_API int32_t migrate_connection_quote(migrate_connection *connection, const char *text,
                                             char **out_literal, migrate_error **out_err);

/* Why the callback is about to fail; becomes the error's message. Returns MIGRATE_ERROR_CODE, so that a
 * callback can `return` it. */
MIGRATE_API int32_t migrate_connection_fail(migrate_connection *connection, const char *message);

/* ------------------------------------------------------------------------------------------------
 * Opening. A session holds one connection. All since 1.0.
 */

/* Opens by URL: whatever libpq takes (postgresql://..., "host=... dbname=...", several hosts, service files,
 * PG*), or sqlite:path, sqlite::memory:, file:... (SQLite's URI). url NULL: the option "url". Waits up to
 * wait_timeout for a database that is still coming up; a refused password or a missing database is reported
 * at once. A SQLite file is created by the first write, not by opening. Two copies of SQLite in one process
 * break each other's locks on a file: if the host has its own, use migrate_open_sqlite3(), or finish before
 * the host opens the file. options may be NULL. Errors: _URL, _CLIENT, _CONNECT, _AUTHENTICATION,
 * _NO_DATABASE, _OPTION, _CANCELLED. */
MIGRATE_API int32_t migrate_open(const char *url, const migrate_options *options,
                                 migrate_session **out_session, migrate_error **out_err);

/* Opens on the host's own handle through the host's own client library. Programs call migrate_open_sqlite3() of
 * migrate_sqlite3.h or migrate_open_libpq() of migrate_libpq.h, which fill the client and call this. The handle stays the
 * host's: it is not closed, and transaction state, settings, handlers and hooks are left as found. It must not be used by the
 * host while a call on the session runs. If it breaks, it stays broken: MIGRATE_ERROR_CONNECTION_LOST or
 * MIGRATE_ERROR_OUTCOME_UNKNOWN; connections of the library's own are made anew. The host's open transaction is refused
 * (MIGRATE_ERROR_IN_TRANSACTION) unless the option host_transaction=use asks to work inside it. */
MIGRATE_API int32_t migrate_open_handle(migrate_client *client, void *handle, const migrate_options *options,
                                        migrate_session **out_session, migrate_error **out_err);

/* Opens on a host's own driver (see below), for any driver of any language. The driver is kept alive by the
 * session. */
MIGRATE_API int32_t migrate_open_host(migrate_driver *driver, const migrate_options *options,
                                      migrate_session **out_session, migrate_error **out_err);

/* Opens the migrations alone, without any database, for migrate_check() and migrate_graph(); what needs a database fails with
 * MIGRATE_ERROR_MISUSE. engine: for which they are, "sqlite" or "postgresql"; NULL: that of the option shadow_url, else the only one that
 * file names speak of, else "postgresql". */
MIGRATE_API int32_t migrate_open_files(const char *engine, const migrate_options *options,
                                       migrate_session **out_session, migrate_error **out_err);

MIGRATE_API void migrate_close(migrate_session *session);

/* ------------------------------------------------------------------------------------------------
 * The functions of a client library, handed over by name. All since 1.0.
 */

/* engine: "sqlite" or "postgresql". */
MIGRATE_API int32_t migrate_client_new(const char *engine, migrate_client **out_client,
                                       migrate_error **out_err);

/* Unknown names are ignored; a needed name that stays unset makes the open fail with MIGRATE_ERROR_CLIENT,
 * which names it. */
MIGRATE_API int32_t migrate_client_set(migrate_client *client, const char *name, migrate_function fn);

MIGRATE_API void migrate_client_free(migrate_client *client);

/* ------------------------------------------------------------------------------------------------
 * A host's driver: the connection as callbacks. All since 1.0.
 *
 *   "exec"            migrate_driver_fn, needed: runs one statement
 *   "query"           migrate_driver_fn, needed: runs one statement and hands its rows over
 *   "in_transaction"  migrate_driver_state_fn: 1 inside a transaction, 0 not, < 0 unknown
 *   "cancel"          migrate_driver_state_fn: asked on the calling thread before each statement; non-zero
 *                     ends the run
 *
 * SQL arrives as text with literals, without parameters, one statement a call; BEGIN, COMMIT, ROLLBACK and
 * SAVEPOINT among them, so the host's driver must be in autocommit and pass them on.
 */
typedef int32_t (*migrate_driver_fn)(const char *sql, size_t length, migrate_result *result, void *user);
typedef int32_t (*migrate_driver_state_fn)(void *user);

/* engine: whose SQL it speaks, "sqlite" or "postgresql". */
MIGRATE_API int32_t migrate_driver_new(const char *engine, void *user, migrate_driver **out_driver,
                                       migrate_error **out_err);
MIGRATE_API int32_t migrate_driver_set(migrate_driver *driver, const char *name, migrate_function fn);
MIGRATE_API void migrate_driver_free(migrate_driver *driver);

/* For the callbacks: how many columns each row has (call it once, first), their names from left to right (all of them or none: then
 * code migrations know them by their numbers, from 1), then the values row by row (text NULL: null). They return 0 or
 * MIGRATE_ERROR_NOMEM / _MISUSE. */
MIGRATE_API int32_t migrate_result_columns(migrate_result *result, size_t columns);
MIGRATE_API int32_t migrate_result_name(migrate_result *result, const char *name);
MIGRATE_API int32_t migrate_result_value(migrate_result *result, const char *text, size_t length);

/* For the callbacks, before they return non-zero: what the database said. sqlstate may be NULL (SQLite: give
 * driver_code); position: 1-based character in the statement, 0 unknown. */
MIGRATE_API int32_t migrate_result_fail(migrate_result *result, const char *sqlstate, int32_t driver_code,
                                        const char *message, int64_t position);

/* ------------------------------------------------------------------------------------------------
 * The verbs. Each reads the history afresh. All since 1.0.
 *
 * Targets
 *   NULL, ""    everything pending (plan, apply); the last applied one (rollback)
 *   "+N", "-N"  the next N; the last N
 *   "ID"        up or down to this id, so that it is the last applied one; a unique prefix or the number
 *               will do
 *   "empty"     down to nothing
 *   "only:ID"   roll this one migration back (rollback); apply this one alone (plan)
 */

/* What would run. Writes nothing; SELECT rights are enough; works on a standby and on a read-only file.
 * Policies (on_modified, on_missing, on_ahead, order ...) speak here as they would in the run. */
MIGRATE_API int32_t migrate_plan_make(migrate_session *session, const char *target, migrate_plan **out_plan,
                                      migrate_error **out_err);

/* The steps: "number", "id", "name", "kind", "direction" (up, down), "action" (run, schema, record), "file",
 * "transaction" (own; shared with other steps; several, or none: not atomic, see "segments"), "reversible"
 * (source, stored, no), "stored" (truth: the rollback text comes from the history), "checksum", "breaking"
 * (truth), "segments" (how many transactions or lone statements; 1: all or nothing). Values: "count", "from",
 * "to", "direction", "engine", "findings" (how many). */
MIGRATE_API int32_t migrate_plan_rows(const migrate_plan *plan, migrate_rows **out_rows,
                                      migrate_error **out_err);

/* What the plan foresees going wrong: "rule", "severity" (error, warning, info), "id", "file", "line",
 * "column", "message", "hint": rights that the role lacks, extensions that the server does not have, policies
 * set to warn; and what the plan can lose (rules GD01 ... GD12, see migrate_check_rules()), read from the words of its statements, with the
 * rows that would be hit: counted, or estimated where a table of PostgreSQL is big, within protect_budget. Severity: error where the database
 * is protected and not confirmed, info where it is meant (allow-data-loss) or nothing is there to be lost, else warning. */
MIGRATE_API int32_t migrate_plan_findings(const migrate_plan *plan, migrate_rows **out_rows,
                                          migrate_error **out_err);

/* The SQL that would run, as it would be sent: each step's own text, cut into its transactions and lone statements, between what the run says
 * around it (BEGIN, settings, COMMIT); comments stand for rows of the history, for code and for texts that are too long. psql and
 * sqlite3 can run it. *out_sql is yours: migrate_free(). */
MIGRATE_API int32_t migrate_plan_sql(const migrate_plan *plan, char **out_sql, migrate_error **out_err);

MIGRATE_API void migrate_plan_free(migrate_plan *plan);

/* Runs a plan exactly as reviewed (MIGRATE_ERROR_STALE if database or source moved since), or, with plan NULL, everything
 * pending. The report has one row a step, "id", "name", "kind", "direction", "action", "duration_us", and the values "changed"
 * (truth), "from", "to" (last applied id before and after), "applied" and "rolled_back" (counts), "waited_us", "run", "backup"
 * (the file with what was there before; null: none was made, see the option backup). A failed migration leaves the database as
 * before it; those before it stay applied. Returns MIGRATE_STOPPED (with a report) when run_budget or a stop ended it early.
 */
MIGRATE_API int32_t migrate_apply(migrate_session *session, const migrate_plan *plan,
                                  migrate_rows **out_report, migrate_error **out_err);

/* Rolls back; see Targets. Report as migrate_apply(). MIGRATE_ERROR_IRREVERSIBLE before anything runs if some
 * of the steps have no rollback text: the error lists all of them. Text that only the history has is used with stored_down=allow. */
MIGRATE_API int32_t migrate_rollback(migrate_session *session, const char *target, migrate_rows **out_report,
                                     migrate_error **out_err);

/* Every event in the history, oldest first: "seq", "event", "effect", "kind", "id", "name", "at",
 * "duration_us", "run", "db_user", "actor", "host", "application", "library", "reason", "error", "checksum",
 * "statement", "breaking", "fingerprint". Values: "state", "count". */
MIGRATE_API int32_t migrate_history(migrate_session *session, migrate_rows **out_rows,
                                    migrate_error **out_err);

/* Every migration of the source and of the history, in order: "id", "name", "kind", "state" (applied,
 * pending, late, modified, missing, renamed, ahead), "at", "duration_us", "actor", "file", "reversible",
 * "checksum", "recorded_checksum", "note" (cosmetic: only comments or white space changed; of a renamed
 * one, which stands under its new id, the former one; the last failure of a pending one), "breaking". Values: "state" (current, pending, ahead,
 * diverged, unmanaged), "applied", "pending", "at" (last applied id), "engine", "next" (first pending id),
 * "protected" (truth, see migrate_protect()), "confirm" (the name that the option confirm wants),
 * and a count for each other state. */
MIGRATE_API int32_t migrate_status(migrate_session *session, migrate_rows **out_rows,
                                   migrate_error **out_err);

/* The schema as the engine itself describes it, without the history table: one row a fact ("kind", "ident", "value", "make" and
 * "undo": the SQL that brings it and takes it back, where it has its own), sorted. Values: "fingerprint" (a digest that is equal for equal
 * schemas on one major version of the engine; the order of columns does not count), "engine", "version", and "sql": statements that make
 * the schema in an empty database, which is a valid schema.sql. Owners and privileges count with the option schema_privileges=on.
 * SELECT rights are enough; changes nothing. */
MIGRATE_API int32_t migrate_snapshot(migrate_session *session, migrate_rows **out_rows,
                                     migrate_error **out_err);

/* Do the rollback texts lead back? For every versioned migration of the source up to `target` (an id; NULL: all; "pending": those that the
 * database has not, behind those that it has), in order, in a scratch database: up, down, up, with a look at the schema in between, and with
 * sample rows in every table that takes some, because empty tables hide failures. Where the source has no rollback text, the one that would
 * be generated is tried. One row a migration: "id", "down" (source, generated, none), "result":
 *   exact    down brings the schema back, and the rows that were there, and up leads to the same schema again
 *   order    the same, but columns stand in another order
 *   data     the schema is back, the rows are not: some are gone, or came, or have other values
 *   differs  not an inverse: the schema behind it is another than before; or up leads elsewhere the second time
 *   fails    down, or up behind it, does not run
 *   refused  there is no rollback text, and none can be generated: the detail says why
 *   up       the migration itself does not run
 *   untried  an earlier one does not run; or it reaches beyond its database (roles, tablespaces, another database, a file that SQLite
 *            attaches), which is nothing to try beside other databases: let shadow_url lead to another server
 * and "detail" (what differs, why it fails), "file", "line", "column". The sample rows are made up: where a statement fails
 * for their values' sake, what it does without any rows counts, and the detail says so. With NULL or "pending" there follow
 * the repeatable migrations, run twice each (exact, differs, fails, up), and, where there is a schema.sql, a row with the id
 * "schema.sql": whether it leads where the migrations do (exact, order, differs, up). Values: "count", "good", "bad" (differs,
 * fails, up), "untried". Returns MIGRATE_DIFFERS if any is bad. Needs a scratch database (option shadow_url: on PostgreSQL it
 * is made on the same server if the role has CREATEDB); the session's own database is only looked at. Where the role may make
 * none, and there is no shadow_url, a PostgreSQL role that owns public, and every schema where it may make things, and has
 * CREATE on the database is served in one transaction of that database, which is rolled back (event "scratch"): in it the
 * schemas have other names, and an empty public is in their place. No table is locked by that, and sessions that use tables do
 * not wait; those that rename, drop or grant on one of the schemas do. What cannot be tried there is "untried" here, and
 * MIGRATE_ERROR_SHADOW elsewhere, with the reason: what cannot run in a transaction (an index is made without CONCURRENTLY),
 * an enum's value behind ADD VALUE, what needs an extension that lies in a schema with tables, what locks a table that is
 * there. Locks that are taken there once more are known by what the statement changes. The same holds for every call below that needs a scratch database, but for a rehearsal. */
MIGRATE_API int32_t migrate_verify(migrate_session *session, const char *target, migrate_rows **out_rows,
                                   migrate_error **out_err);

/* What would a plan (NULL: everything pending) do to the database? Runs it for real, statement by statement and under the lock
 * of a run, all steps in one transaction, and rolls that back. What no rollback could undo (CREATE INDEX CONCURRENTLY, VACUUM,
 * values of an enum that are used at once, a rebuild where the host enforces foreign keys ...) runs in a scratch database: for
 * SQLite a copy with all rows; for PostgreSQL the schema as the rehearsal has made it so far, without rows, and so do the
 * steps that stand on it. A SQLite file that does not exist is not made: an empty database stands for it.
 *
 * One row a statement: "id", "statement" (its number in the migration; null for code), "sql" (cut, without passwords), "file",
 * "line", "where" (database, scratch; not run: one row for a step that has nowhere to run), "duration_us", "lock" (the
 * strongest that it took on what was there before: AccessExclusive ...), "locked" (those relations with their locks; indexes
 * and owned sequences only where theirs is stronger than their table's), "rewritten", "scanned" (read from end to end), "rows"
 * (inserted, updated or deleted in tables that were there before; null: not counted), "reason" (why it did not run in the
 * database). SQLite has one lock for the whole file, and tells of none. Values: "count" (statements that ran), "not_run"
 * (steps), "duration_us", "identical" (truth: facts are what they were, and no row that was written is left), "differs" (facts
 * that are not), "left" (what a rollback does not take back: sequences that moved on, with both positions), "engine".
 *
 * A statement that fails is an error with its place, as in the run, and so is a lock that is not to be had (ddl_lock_timeout).
 * Nothing is written to the history. Its locks are real while it lasts, on PostgreSQL to the end of all steps; rows that it
 * wrote are dead ones until the next VACUUM. Sequences that INSERT, COPY, nextval or setval are about to move are kept where
 * they are, so that others who draw from them wait until the rehearsal ends. Code migrations are called: what they do outside
 * of the database happens. MIGRATE_ERROR_IN_TRANSACTION inside the host's transaction, host_transaction=use or not. */
MIGRATE_API int32_t migrate_rehearse(migrate_session *session, const migrate_plan *plan, migrate_rows **out_rows,
                                     migrate_error **out_err);

/* Was the schema changed by somebody else than the migrations? With fingerprint=on each run leaves the schema's fingerprint in the
 * history; if it still fits, the answer is MIGRATE_OK without more ado. Else what differs is found against the facts that keep_facts=on
 * left in the database, or against the applied migrations in a scratch database: one row a fact, "difference" (added, removed, changed,
 * renamed: where the facts of this very database were kept; else that is one that was removed and one that was added),
 * "kind", "ident", "expected", "actual", "restore" (SQL that brings back what is expected), "adopt" (SQL that a migration would need to
 * make it so everywhere), "with" (what came, went or changed along with it, and has no row of its own: what is inside of a table that
 * was dropped, the index of a column that was added), "note" (why there is no SQL, and what is lost by it). Values: "by" (fingerprint,
 * facts, replay), "expected", "actual" (fingerprints), "count", "column_order" (truth: columns stand in another order, which is no
 * difference), "restore", "adopt" (all of that SQL, in an order that should work), "proven" (truth: what adopts was tried in a scratch
 * database). Returns MIGRATE_DIFFERS if there is any row.
 *
 * A fingerprint is that of the whole schema, without the history. So each run vouches for all that it finds: where several modules share
 * a database, the newest fingerprint of any of them counts, and a change by hand that a run came upon counts as the migrations' from then
 * on (the run says so in a "warning"). If the newest run left none, because it had fingerprint=off, or if it was left by another major
 * version of the engine or a library that reads the schema otherwise, it is not compared. */
MIGRATE_API int32_t migrate_diff(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err);

/* The migration that leads from the schema as it is to another one. to: SQL text that makes the other one in an empty database, or the URL
 * of a database that has it (which is only looked at); NULL: the declared schema of the options. The schema as it is: the session's
 * database, or, where that is not where the source's migrations lead (some are pending, or unknown here), what they lead to. Lines
 * "-- renamed-from: OLD" in the SQL (above CREATE TABLE or a column, or behind a column) keep what was called OLD; nothing is guessed. A
 * constraint or index that differs in its name alone from the only wanted one of the same table that says the same gets that name, where
 * the engine can rename it; what another kind of counter (a serial, an identity) counts for a column goes on where the former one stands.
 * Nothing is run but in scratch databases, where the result was tried.
 * Rows: what was left out and why, "kind", "ident", "reason". Values: "up", "down" (SQL, with a comment line "-- loses data: ..." above what
 * drops a table or a column; down is "" where there is no way back, see "down_refused", and says what does not come back with it),
 * "changes" (how many statements), "proven" and "down_proven" (truth: tried, it led exactly there), "column_order" (truth: columns will stand
 * in another order), "loses" (truth: tables or columns go), "from" (database, migrations). Whether rows that are there allow it (a
 * column that must not be null) shows when it is applied. Returns MIGRATE_DIFFERS if there is anything to change, else MIGRATE_OK. */
MIGRATE_API int32_t migrate_generate(migrate_session *session, const char *to, migrate_rows **out_rows,
                                     migrate_error **out_err);

/* The down text that can be generated for one migration of the source, from the facts before and behind it in a scratch database, where
 * tables count as if they held rows. Values: "id", "file" (of the migration), "down" ("" with the reason in "refused" where it would lie:
 * it drops or narrows what may hold data, it writes rows, something has no way back), "proven" (truth: it was tried). */
MIGRATE_API int32_t migrate_generate_down(migrate_session *session, const char *id, migrate_rows **out_rows,
                                          migrate_error **out_err);

/* Brings in what is missing of the declared schema (migrate_options_set_declared(), option declared): columns, tables,
 * indexes, constraints, views ... Only ever adds: what would drop or change something is listed and left. mode: "report"
 * changes nothing; "apply" does it in one transaction under the lock of a run, with an event in the history;
 * MIGRATE_ERROR_REFUSED while migrations are pending, and MIGRATE_ERROR_LOCKED, with nothing changed, where a lock is not to
 * be had within ddl_lock_timeout. What rows that are there forbid is left; but CHECK and FOREIGN KEY on PostgreSQL stand then
 * for new rows (NOT VALID), until a person validates them. SQLite: what would take a rebuild of a table is left. One row a
 * fact: "done" (added, missing, left), "kind", "ident", "sql", "reason" (of what is left). Values: "changed" (truth),
 * "missing" (how many), "left". Returns MIGRATE_DIFFERS if something is missing afterwards. Start-up does the same behind the
 * migrations with the option reconcile, and remembers in the history that nothing is missing: as long as neither the declared
 * text nor the schema changes, a start compares fingerprints and needs no scratch database. (A schema that code declares is
 * made at each start.) Its report has a row of the kind "declared" where something was added; with reconcile=report, and for
 * what is left, there are events "warning". A program without migrations may live by its declared schema alone. */
MIGRATE_API int32_t migrate_reconcile(migrate_session *session, const char *mode, migrate_rows **out_report,
                                      migrate_error **out_err);

/* What is wrong with the migrations, or will be when they run: findings. depth:
 *   "source"    the files, and the history where there is a database: nothing is run
 *   NULL, ""    the same, and they run in a scratch database (those that are pending; without a database, or an empty one: all of them), so
 *               that what they make, change, drop and need is known, and which locks, rewrites and scans they cost. Where no scratch
 *               database is to be had, that is guessed from the words, and each finding says so
 *   "database"  the same, and the sizes of the real tables decide how severe that is
 * Columns: "rule" (a stable id: "PG11"), "name" (its word: "index-not-concurrent"), "severity" (error, warning, info), "id",
 * "file", "line", "column", "message" (what, and why), "hint" (what to do), "other" (the id of another migration that it is
 * about), "guess" (truth: it may be wrong, and is no error unless the option rules makes it one). A line "-- migrate: ignore
 * RULE REASON" in a file takes a rule's findings in the statement behind it away; in front of the first statement, in the
 * whole file. The option rules changes severities. Values: "count", "errors", "warnings", "infos", "ignored", "by" (scratch,
 * words, source), "reason" (why there was no scratch database), "order" (ids, separated by spaces: the smallest change of the
 * pending ones' order in which they apply, tried in a scratch database; null: the given one, or none). Returns
 * MIGRATE_FINDINGS if there is one of severity error, else MIGRATE_OK. Changes nothing. */
MIGRATE_API int32_t migrate_check(migrate_session *session, const char *depth, migrate_rows **out_rows,
                                  migrate_error **out_err);

/* Before a merge: do the session's migrations fit to those of another side, whose files are in the folder dir? Findings as of
 * migrate_check(): what is new here and has a number that is taken there, or is lower than one that is there (late); what the other side
 * has, and was changed, renamed or removed here; and two migrations, each new on its own side, that are about one object. base: a folder
 * with the files from which both sides began, so that it is known who changed what (a version control's merge base); NULL: whatever the
 * other side has counts as having been there first. The database, if there is one, is not asked. MIGRATE_FINDINGS or MIGRATE_OK. */
MIGRATE_API int32_t migrate_check_against(migrate_session *session, const char *dir, const char *base,
                                          migrate_rows **out_rows, migrate_error **out_err);

/* The rules: "rule", "name", "severity" (by default; off: only where the option rules asks for it), "summary". Any thread. */
MIGRATE_API int32_t migrate_check_rules(migrate_rows **out_rows, migrate_error **out_err);

/* Who needs whom. of:
 *   "migrations"  by Depends:, and by what they need of each other: all of them run in a scratch database, one that fails is known by its
 *                 words. What follows from other needs is left out. NULL: the same
 *   "declared"    by Depends: alone: nothing is run
 *   "tables"      by foreign keys, as they stand behind the migration `at`; NULL: behind the last one. By the words alone, where one of
 *                 the migrations does not run
 * Rows: "kind" (node, edge), "from" (an id, a table), "to" (what it needs; null for a node), "label" (of a migration its state, where there
 * is a database; of a table "missing", where only a foreign key names it; of an edge how it is known: declared, found, guessed; of a foreign
 * key its columns), "head" (truth: no other migration needs it, in a source whose Depends: form more than one line). Values: "nodes",
 * "edges", "heads" (0 where there is one line), "merge" (the line with which a new migration joins the heads; null: there is one line),
 * "by" (scratch, database, words, declared), "dot", "mermaid", "text" (the graph in those forms). Changes nothing. */
MIGRATE_API int32_t migrate_graph(migrate_session *session, const char *of, const char *at,
                                  migrate_rows **out_rows, migrate_error **out_err);

/* Makes a backup now, outside of any run (see the option backup for those that runs make). Rows: one, as of migrate_backups().
 * SQLite: from a second connection, so what the host's own transaction has not committed is not in it; MIGRATE_ERROR_REFUSED
 * where there can be none (an encrypted file, a host's driver), or where the database is in memory. MIGRATE_ERROR_IO: no room,
 * no folder. out_rows may be NULL. */
MIGRATE_API int32_t migrate_backup(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err);

/* The backups of this database in backup_dir, the newest first: "file", "at", "bytes", "id" (of the migration before which it was made),
 * "verified" (truth: it was verified as it was made, and not changed since), "tables" (some; null: all). Value: "count".
 * backup_keep and backup_max_bytes: where there are too many, those go first that were made before one and the same migration and are neither the
 * first nor the newest of these (a service that fails at every start leaves them), then the oldest; never the newest. backup_max_age: what is
 * older goes. */
MIGRATE_API int32_t migrate_backups(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err);

/* Brings the contents of a backup back: file, or NULL for the newest verified one that is no copy which a restore kept (unless there is no
 * other): whoever restores again wants the backup, not the state that was left. Needs the option confirm with the database's name. The
 * backup is verified first, and what is there now is backed up before it is replaced. SQLite: through the engine, so that those who have
 * the file open see the former contents in their next transaction. PostgreSQL: by the callback. Leaves an event "restored" in the history that came back, if
 * there is one in the backup, and behind it "protected" where the database was protected and the backup is from before that (also where there is
 * none in it). Report as migrate_apply(); "backup" is what was there before. A backup of some tables is refused. */
MIGRATE_API int32_t migrate_restore(migrate_session *session, const char *file, migrate_rows **out_report,
                                    migrate_error **out_err);

/* Marks the database as one whose data are precious (on = 1), or not (0), once and for every program: an event "protected" in
 * the history. From then on whatever may lose data (destructive statements, rollbacks, restore) is refused with
 * MIGRATE_ERROR_REFUSED unless the option confirm has the database's name (the name of PostgreSQL's database; SQLite's file
 * without its folder). Taking the mark away needs that too. A run or a rollback is refused for what the words of its plan say
 * (findings GD01 ... GD10); what code does is not known ahead. The report has no row where it was so already. */
MIGRATE_API int32_t migrate_protect(migrate_session *session, int32_t on, const char *reason,
                                    migrate_rows **out_report, migrate_error **out_err);

/* Writes the history without running anything, each with a reason:
 *   as "applied"          id counts as applied          (id needed; pending)
 *   as "forgotten"        id no longer counts           (id needed; applied)
 *   as "accept-checksum"  the source's text is the right one   (id, or NULL: all modified)
 *   as "renamed"          the new id stands for the old one    (id: the new one, or NULL: all renamed)
 * Report as migrate_apply(), one row an event. */
MIGRATE_API int32_t migrate_mark(migrate_session *session, const char *as, const char *id, const char *reason,
                                 migrate_rows **out_report, migrate_error **out_err);

/* Adopts a database that was built without libmigrate: everything up to and with `target` (NULL: everything)
 * counts as applied. Nothing else is touched. Refused where the history already has applied migrations. With the
 * option verify=on it is refused (MIGRATE_ERROR_SCHEMA, with the difference) unless the schema is the one that those migrations
 * lead to in a scratch database.
 * reason may be NULL. */
MIGRATE_API int32_t migrate_baseline(migrate_session *session, const char *target, const char *reason,
                                     migrate_rows **out_report, migrate_error **out_err);

/* The same from a table of the former tool: its column holds file names, ids or version numbers. A value that
 * fits no migration is an error (MIGRATE_ERROR_TARGET names it). */
MIGRATE_API int32_t migrate_baseline_from_table(migrate_session *session, const char *table,
                                                const char *column, const char *reason,
                                                migrate_rows **out_report, migrate_error **out_err);

/* ------------------------------------------------------------------------------------------------
 * A run, pulled: for hosts that answer probes between steps. Each step has committed when its call returns.
 * All since 1.0.
 */
MIGRATE_API int32_t migrate_run_begin(migrate_session *session, const migrate_plan *plan,
                                      migrate_run **out_run, migrate_error **out_err);

/* Runs the next step. MIGRATE_MORE: a step was done; MIGRATE_OK: nothing was left. After an error or
 * MIGRATE_STOPPED only migrate_run_end() is of use. */
MIGRATE_API int32_t migrate_run_step(migrate_run *run, migrate_error **out_err);

/* Ends the run (early, if steps are left), releases the lock and frees the run, whatever it returns.
 * out_report may be NULL. */
MIGRATE_API int32_t migrate_run_end(migrate_run *run, migrate_rows **out_report, migrate_error **out_err);

/* ------------------------------------------------------------------------------------------------
 * The lifespan hook. Since 1.0.
 *
 * Option "mode"
 *   apply  wait for the database, apply what is pending (one of fifty starters does, the others wait for it),
 *          return
 *   check  compare only: never writes, takes no lock, needs SELECT on the history alone. MIGRATE_PENDING if
 *          something is pending (on_pending=warn: an event, and 0)
 *   wait   return as soon as another process has brought the database up to date; MIGRATE_ERROR_TIMEOUT after
 *          wait_timeout
 *   off    return at once
 *
 * Start-up never rolls back. Report as migrate_apply(), with the value "pending" too.
 */
MIGRATE_API int32_t migrate_startup(const char *url, const migrate_options *options,
                                    migrate_rows **out_report, migrate_error **out_err);

/* The same on an open session: for a host's own handle, and for readiness checks of a long-running server. */
MIGRATE_API int32_t migrate_startup_session(migrate_session *session, migrate_rows **out_report,
                                            migrate_error **out_err);

#ifdef __cplusplus
}
#endif

#endif
