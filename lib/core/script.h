/* SPDX-License-Identifier: MIT
 * A section's text made ready to run: cut into segments. A transactional segment is a range of text that runs in one
 * transaction; a lone one is a single statement that may not run in any. The author's own BEGIN and COMMIT are read as segment
 * boundaries and not sent. Nearly every migration is one transactional segment: it is atomic. */
#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include "core/session.h"

struct segment {
    size_t offset, length; /* in the text */
    size_t first, count;   /* statements, counted from 0 over the whole text without BEGIN and COMMIT */
    bool alone;
    bool streamed;         /* data of COPY, or lines that are not sent, are in it: it is no text for one message */
    bool only_session;     /* alone, and sets something up for those behind it: it may run any number of times */
};

struct script {
    struct section_text text;    /* empty if section->big: then it is only ever read as a stream */
    const struct section *section; /* NULL: a text that the history keeps */
    const char *file;      /* for messages; borrowed */
    const char *id;
    const struct database_engine *engine;
    struct segment *items;
    size_t count, capacity;
    size_t statements;
    bool can_copy;          /* the connection takes the data of COPY */
    bool borrowed;          /* ... and is the host's */
    bool confined;          /* see session.h */
    bool sets;              /* it may change settings, or leave something temporary */
    bool lasting;           /* what it sets up or makes is in the session, for longer than a transaction */
    bool foreign_keys;      /* it switches SQLite's foreign keys; the statement is not sent, the run does it */
    bool keep_foreign_keys; /* -- migrate: foreign-keys on */
    struct {
        const char **items;
        size_t count, capacity;
    } dropped;              /* tables that it drops or renames, where that needs care */
    struct text referred;   /* what its new foreign keys refer to, a newline behind each name */
    struct arena arena;
};

/* MIGRATE_ERROR_SOURCE with file:line:column for what cannot be run. expected: the checksum, or NULL. */
int32_t script_read(migrate_session *session, const struct source *source, const char *id, const struct section *section,
                    const char *expected, struct script *out, migrate_error **err);
/* The same from a text; file NULL: that the history keeps. */
int32_t script_from_text(migrate_session *session, const char *id, const char *file, const char *text, struct script *out, migrate_error **err);
/* Both without a session: engine, can_copy and borrowed are as in like. */
int32_t script_read_as(const struct script *like, const struct source *source, const char *id, const struct section *section,
                       const char *expected, struct script *out, migrate_error **err);
int32_t script_from_text_as(const struct script *like, const char *id, const char *file, const char *text, struct script *out,
                            migrate_error **err);
/* Only looks: every statement that cannot be run at all is told of, and the text is left in out, not cut. like is as above. Of a big text
 * the first such statement is told of, and nothing is left in out. */
int32_t script_look(const struct script *like, const struct source *source, const char *id, const struct section *section,
                    int32_t (*tell)(const migrate_error *problem, void *user, migrate_error **err), void *user, struct script *out,
                    migrate_error **err);
/* Cuts it anew, with a segment's end behind every new value of an enum, and behind the statements that are done already. */
int32_t script_cut_finer(struct script *script, size_t done, migrate_error **err);
void script_free(struct script *script);

/* All in one transaction, or nothing to run at all. */
bool script_atomic(const struct script *script);
bool script_big(const struct script *script);
/* The first segment that cannot run where each transaction meets another session of the server; NULL: there is none. */
const struct segment *script_needs_session(const struct script *script);
/* Where in the file an offset of the text lies. */
void script_position(const struct script *script, size_t offset, int64_t *line, int64_t *column);

/* Whether statements of that kind are sent to the database, and counted. The author's BEGIN and COMMIT are boundaries; foreign keys
 * are switched by the run, outside of the transaction; of psql's commands only those are let through that mean nothing here. */
bool script_sends(enum sql_kind kind);

/* Another statement is sent in its place: RESET ALL on the host's connection. */
bool script_resets(const struct script *script, enum sql_kind kind);

/* Says in the error where in the file it happened. offset: byte offset in a text that is held, SIZE_MAX: unknown; statement: the text's
 * statement number, SIZE_MAX: unknown. */
void script_place(const struct script *script, size_t offset, size_t statement, migrate_error **err);

/* A statement, and the line that a fault is in, as an error may show them: without passwords. */
void script_show_statement(const struct script *script, const char *sql, size_t length, migrate_error **err);
void script_show_line(const struct script *script, const char *line, size_t length, migrate_error **err);

/* What the history keeps of a segment: the digest of its statements, and their text without secrets, one "; " between, cut. What
 * only sets something up is left out: it may change until all is done. */
struct segment_record {
    char hash[DIGEST_HEX];
    struct text sql;
};
enum { SEGMENT_SQL_MOST = 4096 };
int32_t script_record(const struct script *script, const struct segment *segment, struct segment_record *out, migrate_error **err);

/* The statement sets something up in the session for those behind it, and may run any number of times. */
bool script_only_session(const struct script *script, const char *sql, size_t length);

/* ---- script_stream.c ---- */

/* The text's statements, one after the other, from a segment's beginning on, or all. checksum: of a big text it is wanted. */
struct script_stream {
    struct sql_stream sql;
    const struct script *script;
    struct section_stream *section; /* of a big text */
    size_t origin;                  /* where in the text the stream begins */
    int64_t line, column;           /* of that, for a big text */
    size_t next, length;            /* of a text that is held: how much was read, how much there is */
};
int32_t script_stream_open(struct script_stream *stream, const struct script *script, const struct segment *segment,
                           bool checksum, migrate_error **err);
/* Places an error at a byte of the stream that is still in its window; where that is in the file. */
void script_stream_place(struct script_stream *stream, uint64_t at, migrate_error **err);
void script_stream_position(struct script_stream *stream, uint64_t at, int64_t *line, int64_t *column);
/* Passes over a stretch that begins with the statement, or the data, that the stream gave last. */
int32_t script_stream_skip(struct script_stream *stream, const struct stretch *stretch, migrate_error **err);
void script_stream_close(struct script_stream *stream);

/* Moves over the next so many statements (of those that are sent), or fewer if the text ends. */
int32_t script_stream_record(struct script_stream *stream, size_t count, struct segment_record *out, size_t *found,
                             migrate_error **err);

/* ---- script_check.c: what cannot be run at all, at the statement that the stream gave last ---- */
int32_t script_check(struct script_stream *stream, const struct sql_statement *statement, migrate_error **err);

#endif
