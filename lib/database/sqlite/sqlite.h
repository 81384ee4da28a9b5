/* SPDX-License-Identifier: MIT
 * The face of the SQLite engine, and what a host's driver that speaks its SQL shares with it. */
#ifndef DATABASE_SQLITE_SQLITE_H
#define DATABASE_SQLITE_SQLITE_H

#include "database/client.h"
#include "database/database.h"

extern const struct client_library sqlite_library;

int32_t sqlite_open(const char *url, const struct database_options *options, struct database **out,
                    migrate_error **err);
int32_t sqlite_open_handle(migrate_client *client, void *handle, struct database **out, migrate_error **err);
/* An empty database in memory, through the same client functions and with the same watch; foreign keys are not enforced.
 * MIGRATE_ERROR_SHADOW: not from a host's driver. */
int32_t sqlite_open_memory(struct database *like, struct database **out, migrate_error **err);

bool sqlite_version_at_least(const struct database *db, int minor); /* 3.minor; false where it is not known */

/* SQLite's result code (extended or not; 0: unknown) and message as an error; returns its code. */
int32_t sqlite_report(migrate_error **err, int32_t driver_code, const char *message);

/* ---- place.c ---- */
const char *sqlite_network(const char *path); /* the network file system that a file is on; NULL: on none that is known */
bool sqlite_device_locked(int reason);        /* an errno: the file will be there once somebody unlocks the device */
int32_t sqlite_report_locked_device(const char *label, int driver_code, migrate_error **err);

/* Pragmas that a migration may change, read and set as text through any connection. Restoring heeds no watch:
 * it has to happen after a cancel too. */
enum { SQLITE_SETTINGS = 16 };
struct sqlite_settings {
    struct migrate_rows *temporary; /* temporary objects by type and name */
    int64_t values[SQLITE_SETTINGS];
    bool known[SQLITE_SETTINGS]; /* false: not saved, or this SQLite has no such pragma */
};
void sqlite_settings_free(struct sqlite_settings *settings);
int32_t sqlite_settings_save(struct database *db, struct sqlite_settings *settings, migrate_error **err);
int32_t sqlite_settings_restore(struct database *db, const struct sqlite_settings *settings,
                                migrate_error **err);

/* rebuild.c */
bool sqlite_rebuild_drops(const char *statement, size_t length, struct text *table);
void sqlite_rebuild_refers(const char *statement, size_t length, struct text *names);
bool sqlite_renames_of(const char *statement, size_t length, struct text *from, struct text *to);
int32_t sqlite_rebuild_referred(struct database *db, const char *table, bool *out, migrate_error **err);
int32_t sqlite_rebuild_begin(struct database *db, bool outside, bool enforce, struct database_rebuild *state,
                             migrate_error **err);
int32_t sqlite_rebuild_check(struct database *db, const struct database_rebuild *state, migrate_error **err);
int32_t sqlite_rebuild_end(struct database *db, struct database_rebuild *state, migrate_error **err);
/* The names of views, and of tables and views with triggers, that do not compile; a newline behind each. */
int32_t sqlite_broken(struct database *db, struct text *out, migrate_error **err);

/* scratch.c */
int32_t sqlite_scratch_open(struct database *like, const struct database_scratch_wish *wish, struct database **out, migrate_error **err);
int32_t sqlite_scratch_close(struct database *scratch, migrate_error **err);
bool sqlite_reaches_beyond(const char *statement, size_t length);

/* samples.c */
extern const struct database_samples sqlite_samples;

/* backup.c */
extern const struct database_backups sqlite_backups;
/* copy.c */
int32_t sqlite_scratch_copy(struct database *like, struct database *scratch, migrate_error **err);
/* clone.c */
int32_t sqlite_clone_schema(struct database *like, struct database **out, migrate_error **err);

/* probe.c */
int32_t sqlite_probe(struct database *db, const char *statement, size_t length, struct database_probe *out,
                     migrate_error **err);

/* writes.c */
int32_t sqlite_writes_begin(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out, migrate_error **err);
int32_t sqlite_writes_since(struct database *db, const struct migrate_rows *baseline, struct text *uncovered, struct text *written,
                            migrate_error **err);
bool sqlite_writes_had_rows(const struct migrate_rows *baseline, const char *key);
bool sqlite_writes_rows(const char *statement, size_t length, struct text *table);

/* rehearsal.c; see struct database_engine */
int32_t sqlite_look_begin(struct database *db, const struct database_facts_wish *wish, int64_t lock_wait,
                          const struct database_look *known, struct database_look **out, migrate_error **err);
int32_t sqlite_look_ahead(struct database_look *look, const char *statement, size_t length, migrate_error **err);
int32_t sqlite_look_behind(struct database_look *look, const char *statement, size_t length, struct database_effects *out,
                           migrate_error **err);
int32_t sqlite_look_close(struct database_look *look, migrate_error **err);
int32_t sqlite_look_undone(struct database_look *look, bool *out, migrate_error **err);
void sqlite_look_free(struct database_look *look);
int32_t sqlite_rolls_back(struct database *db, migrate_error **err);
int32_t sqlite_positions(struct database *db, struct migrate_rows **out, migrate_error **err);

/* touches.c; see struct database_engine */
struct sqlite_touches;
int32_t sqlite_touches_begin(struct database *db, migrate_error **err);
int32_t sqlite_touches_take(struct database *db, struct migrate_rows **out, migrate_error **err);
void sqlite_touches_free(struct sqlite_touches *touches);

/* broken.c */
int32_t sqlite_broken_rows(struct database *db, const struct database_facts_wish *wish, const char *names, struct migrate_rows **out,
                      migrate_error **err);
/* Whether the engine can make a program of what uses a view (column NULL), or writes to what triggers are on. *message: why not;
 * memory_free(). */
bool sqlite_object_compiles(struct database *db, const char *name, bool view, const char *column, char **message, int32_t *code);

/* facts.c */
int32_t sqlite_facts(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_facts,
                     struct migrate_rows **out_edges, migrate_error **err);

/* reshape.c */
enum fact_way sqlite_reshape(const struct facts *from, const struct facts *to, const char *table, bool anew, struct fact_statements *out,
                             const char **reason);
enum fact_way sqlite_fact_change(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason);
bool sqlite_fact_rename(const struct fact *from, const struct fact *to, struct fact_statements *out);

extern const struct database_online sqlite_online; /* online.c */

#endif
