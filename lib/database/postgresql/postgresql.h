/* SPDX-License-Identifier: MIT
 * What the rest of database/ knows of PostgreSQL's room; the text that its server reads is
 * database_postgresql in engine.c. */
#ifndef DATABASE_POSTGRESQL_POSTGRESQL_H
#define DATABASE_POSTGRESQL_POSTGRESQL_H

#include "database/client.h"
#include "database/database.h"

extern const struct client_library postgresql_library;

int32_t postgresql_open(const char *url, const struct database_options *options, struct database **out,
                        migrate_error **err);
int32_t postgresql_open_handle(migrate_client *client, void *handle, struct database **out,
                               migrate_error **err);

/* See struct database_engine. */
int32_t postgresql_probe(struct database *db, const char *statement, size_t length, struct database_probe *out, migrate_error **err);
/* What begin() of the engine sets for one transaction, as one query without its semicolon. */
void postgresql_begin_settings(struct text *out, const char *set_role);
extern const struct database_pooling postgresql_pooling;

/* What a SQLSTATE means: *code, and the same with kind, SQLSTATE and a hint on the error, if there is one.
 * sqlstate may be NULL. */
void postgresql_classify(migrate_error **err, const char *sqlstate, int32_t *code);

/* rehearsal.c; see struct database_engine */
int32_t postgresql_look_begin(struct database *db, const struct database_facts_wish *wish, int64_t lock_wait,
                              const struct database_look *known, struct database_look **out, migrate_error **err);
int32_t postgresql_look_ahead(struct database_look *look, const char *statement, size_t length, migrate_error **err);
int32_t postgresql_look_behind(struct database_look *look, const char *statement, size_t length, struct database_effects *out,
                               migrate_error **err);
int32_t postgresql_look_close(struct database_look *look, migrate_error **err);
int32_t postgresql_look_undone(struct database_look *look, bool *out, migrate_error **err);
void postgresql_look_free(struct database_look *look);
int32_t postgresql_positions(struct database *db, struct migrate_rows **out, migrate_error **err);
int32_t postgresql_settle(struct database *db, migrate_error **err);

/* scratch.c */
int32_t postgresql_scratch_open(struct database *like, const struct database_scratch_wish *wish, struct database **out,
                                migrate_error **err);
int32_t postgresql_scratch_close(struct database *scratch, migrate_error **err);
extern const char postgresql_extensions[];

/* beyond.c */
bool postgresql_reaches_beyond(const char *statement, size_t length);

/* broken.c */
int32_t postgresql_broken(struct database *db, const struct database_facts_wish *wish, const char *names, struct migrate_rows **out,
                          migrate_error **err);

/* samples.c */
extern const struct database_samples postgresql_samples;

/* emptying.c: an empty database that is there, to be used as a scratch one */
/* Waits for its turn, empties what a killed one left, and marks it. MIGRATE_ERROR_SHADOW: there are objects in it. */
int32_t postgresql_borrow_database(struct database *db, migrate_error **err);
/* Drops everything that was made there since, and the mark. */
int32_t postgresql_empty_database(struct database *db, migrate_error **err);

/* facts.c */
/* types.c */
bool postgresql_type_keeps(const char *from, const char *to);

/* printed.c: what a fact says in the form that stays when it is run and printed once more. false: it is in that form; out is to be freed
 * either way. */
bool postgresql_fact_settled(const char *kind, const char *value, struct text *out);

/* Schemas that are none of the user's: the server's own, and those that a scratch place inside of the database has moved aside. */
#define POSTGRESQL_NOT_OURS "'^(pg_|libmigrate_aside_)'"

/* Behind a quoted word that begins here: 'it''s', E'\\', "a""b". */
const char *postgresql_behind_quoted(const char *text);
/* The first such character outside of quotes; the end if there is none. */
const char *postgresql_find_outside(const char *text, char wanted);
/* tables.c */
enum fact_way postgresql_change_table(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason);
/* changes.c, renames.c, types.c */
enum fact_way postgresql_fact_change(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason);
bool postgresql_fact_aside(const struct fact *from, const struct fact *to, struct fact_statements *out);
bool postgresql_fact_in_the_way(const struct fact *changed, const struct fact *other);
bool postgresql_fact_rename(const struct fact *from, const struct fact *to, struct fact_statements *out);
bool postgresql_fact_move(const struct fact *from, const struct fact *to, struct fact_statements *out);
bool postgresql_fact_alike(const struct fact *a, const struct fact *b);
bool postgresql_fact_unchecked(const struct fact *fact, struct fact_statements *out);
/* counters.c */
bool postgresql_fact_goes_on(const struct fact *old, const struct fact *new, const struct fact *column, const struct fact *type,
                             struct fact_statements *out);
bool postgresql_fact_counted(const struct fact *column, const struct fact *counter, struct fact_statements *out);
/* facts.c: as one query; what needs what as another. left_out: numbers of what does not count, see postgresql_inside_aside(). */
void postgresql_facts_query(struct text *out, int major, const struct database_facts_wish *wish, const char *left_out);
void postgresql_edges_query(struct text *out);
/* facts_read.c */
int32_t postgresql_facts(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_facts,
                         struct migrate_rows **out_edges, migrate_error **err);

/* writes.c */
int32_t postgresql_writes_begin(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_baseline,
                                migrate_error **err);
int32_t postgresql_writes_since(struct database *db, const struct migrate_rows *baseline, struct text *uncovered, struct text *written,
                                migrate_error **err);
bool postgresql_writes_had_rows(const struct migrate_rows *baseline, const char *key);

extern const struct database_online postgresql_online; /* online.c */
/* named.c: tables by name, and by what stays of them when they are renamed. */
void postgresql_tables_named(struct text *out, const char *schema, const char *table);
void postgresql_table_again(struct text *out, const char *identity);

#endif
