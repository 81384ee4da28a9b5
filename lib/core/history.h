/* SPDX-License-Identifier: MIT
 * The history table: reading it (the newest row, or everything replayed into the applied set) and the text that adds a row.
 * Rows are numbered by their writer: two writers that choose one number exclude each other, which is the fence. */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include "core/session.h"
#include "core/state.h"

enum { HISTORY_FORMAT = 1 };
#define PROTECTED_ID "database" /* what an event "protected" speaks of */

/* The newest row of the module: all that a start with nothing to do needs. */
struct history_head {
    bool table;   /* the table exists */
    int64_t seq;    /* 0: no row of this module */
    int64_t format; /* a newer one may be read, but not written */
    char state[DIGEST_HEX], chain[DIGEST_HEX];
    char run[DIGEST_HEX]; /* that wrote it */
};
int32_t history_look(migrate_session *session, struct history_head *out, migrate_error **err);

struct applied {
    const char *id, *name, *checksum, *token_checksum, *actor, *run;
    bool repeatable, breaking;
    bool has_down;         /* the history keeps a rollback text */
    int64_t seq, at, duration;
};

/* What happened to an id that is not applied. */
struct past {
    const char *id;
    bool removed;          /* rolled back or forgotten at some time: never late */
    const char *failed;    /* the newest failure's text, if nothing succeeded since */
    const char *failed_checksum;
    int64_t failed_at, failed_seq;
    int64_t statement;     /* non-transactional work: statements done; -1: none begun */
    size_t first_row;      /* of that work: see history_progress() */
    const char *started_hash; /* of what was begun behind them and whose end was not recorded; NULL: none */
    int64_t begun;            /* the same if its end was recorded as a failure: number, counted from 1, and digest; NULL: none */
    const char *begun_hash;
};

struct history {
    struct history_head head;
    struct applied *items; /* by id; versioned and repeatable */
    size_t count, capacity;
    struct past *traces;  /* by id */
    size_t traces_count, traces_capacity;
    int64_t last_seq;      /* of the newest row that added a versioned migration */
    bool guarded;          /* the database is protected: the newest event "protected" says so */
    bool marked;           /* there are rows of this module, and all they say is that the database is protected, or restored: nobody manages it yet */
    int64_t renamed_seq;   /* while it is replayed: when the one was applied whose new name comes next */
    struct state_set state;
    struct migrate_rows *rows; /* the texts belong to it */
    size_t first_row;          /* those before it are other modules': what holds for the whole database */
};
int32_t history_load(migrate_session *session, struct history *out, migrate_error **err);
void history_free(struct history *history);
const struct applied *history_find(const struct history *history, bool repeatable, const char *id);
const struct past *history_trace(const struct history *history, const char *id);
/* What was recorded of half-done work: the segments that are done, in order, and last the one whose end is not known. *row: as of
 * the trace, moved on. false: no more. */
struct progress {
    int64_t seq, statement; /* its last one, counted from 1 */
    const char *hash;
};
bool history_progress(const struct history *history, const struct past *trace, size_t *row, struct progress *out);
/* What was written behind row seq. ended: by this run, the row that ends a step of that id (NULL: of any). */
struct history_since {
    bool others; /* wrote too, or rows were lost */
    bool ended;
};
struct history_since history_since(const struct history *history, int64_t seq, const char *run, const char *id);
/* The newest applied versioned migration, or NULL. */
const struct applied *history_last(const struct history *history);

/* One row to be added. */
struct history_entry {
    const char *event, *effect, *kind, *id, *name, *checksum, *token_checksum;
    bool breaking;
    int64_t statement; /* -1: none */
    const char *statement_hash, *statement_sql, *down_sql, *fingerprint, *reason, *error;
    int64_t duration;  /* -1: let the database measure since BEGIN, if it can ... */
    int64_t begun_after; /* ... less this: the transaction was so old when the work began */
};

/* The position behind which rows are added, moved on by history_append(). */
struct history_writer {
    migrate_session *session;
    char run[33];
    char host[256]; /* "": nobody knows */
    int64_t seq;
    char chain[DIGEST_HEX], state_digest[DIGEST_HEX];
    struct state_set state; /* a copy of the history's, with texts that outlive the run */
    struct arena arena;
};
int32_t history_writer_open(struct history_writer *writer, migrate_session *session, const struct history *history,
                            const char *run, migrate_error **err);
void history_writer_close(struct history_writer *writer);

/* Adds the INSERT to sql and takes the next number. effect changes the state that the row carries. */
int32_t history_append(struct history_writer *writer, const struct history_entry *entry, struct text *sql, migrate_error **err);

/* Rows that are written together: one INSERT for all that name the same columns. Reading it is what a row costs on SQLite. */
struct history_batch {
    struct text sql;
    struct text columns; /* of the INSERT that ends sql */
};
int32_t history_collect(struct history_writer *writer, const struct history_entry *entry, struct history_batch *batch,
                        migrate_error **err);
void history_batch_cut(struct history_batch *batch, size_t length); /* back to when sql was so long */
void history_batch_free(struct history_batch *batch);

/* Makes the table if it is absent. inside: a transaction is open, which a host's driver need not be able to tell. */
int32_t history_create(migrate_session *session, bool inside, migrate_error **err);
/* The database has objects that nobody recorded. */
int32_t history_objects_exist(migrate_session *session, bool *out, migrate_error **err);
/* The rollback text that the history keeps for an applied id; NULL if none. Yours: memory_free(). */
int32_t history_down(migrate_session *session, const char *id, char **out, migrate_error **err);
/* Why an applied id was recorded as it was, or why no rollback text was generated for it; NULL: nothing was said. Yours. */
int32_t history_reason(migrate_session *session, const char *id, char **out, migrate_error **err);
/* What the newest `reconciled` row remembers: digest of the declared schema, a blank, fingerprint of the schema that had all of it; NULL if
 * there is none. Yours: memory_free(). */
int32_t history_reconciled(migrate_session *session, char **out, migrate_error **err);
/* Whether the table has what later versions added: one that an older version made may not. */
int32_t history_has_column(migrate_session *session, const char *column, bool *out, migrate_error **err);
/* What was run then, as recorded with a row; NULL: it was not. Yours: memory_free(). */
int32_t history_statement(migrate_session *session, int64_t seq, char **out, migrate_error **err);
int64_t history_seq(const struct history *history, size_t row);
/* The newest reason that stands with half-done work of an id, from row seq on; NULL: none does. Yours: memory_free(). */
int32_t history_progress_reason(migrate_session *session, const char *id, int64_t seq, char **out, migrate_error **err);
/* For migrate_history(). */
int32_t history_rows(migrate_session *session, migrate_rows **out, migrate_error **err);

#endif
