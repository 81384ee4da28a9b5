/* SPDX-License-Identifier: MIT
 * Reading SQL text as the engines read it: tokens, statements, their kinds, and positions. Knows no file and
 * no database. One dialect table per engine says where they differ; the machinery is one. */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include "util/digest.h"
#include "util/error.h"
#include "util/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- dialects (dialects.c) ---- */
struct sql_dialect {
    const char *name;                  /* "postgresql", "sqlite" */
    bool dollar_quotes;                /* $tag$ ... $tag$ */
    bool escape_strings;               /* E'..\'..' */
    bool nested_comments;              /* block comments nest */
    bool open_comments;                /* a block comment may end with the text */
    bool return_ends_comment;          /* a lone CR ends a line comment, as LF does */
    bool bracket_names;                /* [x] */
    bool backtick_names;               /* `x` */
    bool atomic_bodies;                /* BEGIN ATOMIC ... END in routines */
    bool trigger_bodies;               /* CREATE TRIGGER ... BEGIN ... END */
    bool parenthesised_rules;          /* semicolons inside parentheses do not end a statement */
    bool copy_data;                    /* COPY ... FROM stdin is followed by data */
    bool meta_commands;                /* a backslash at a statement's start is psql's */
    const struct sql_kind_rule *rules; /* what a statement is, by its first words */
};
extern const struct sql_dialect sql_postgresql;
extern const struct sql_dialect sql_sqlite;
const struct sql_dialect *sql_dialect_of(const char *engine); /* NULL if unknown */

/* ---- tokens (lexer.c) ---- */
enum sql_token_kind {
    SQL_END, /* nothing left */
    SQL_SPACE,
    SQL_LINE_COMMENT, /* without its newline */
    SQL_BLOCK_COMMENT,
    SQL_WORD,   /* identifier or keyword, unquoted */
    SQL_NAME,   /* quoted identifier, quotes included */
    SQL_STRING, /* string of any form, quotes included */
    SQL_NUMBER,
    SQL_SEMICOLON,
    SQL_OPEN,      /* ( */
    SQL_CLOSE,     /* ) */
    SQL_BACKSLASH, /* dialects with meta_commands: the whole rest of the line */
    SQL_SYMBOL     /* anything else: operators, commas, parameters */
};
struct sql_token {
    enum sql_token_kind kind;
    size_t offset, length; /* bytes */
    bool closed;           /* false: string, name or comment that never ends */
};

/* The token at offset. Never reads beyond length; always makes progress unless at the end. */
struct sql_token sql_lex(const struct sql_dialect *dialect, const char *text, size_t length, size_t offset);

/* A token is this word (ASCII, case-insensitive). */
bool sql_is_word(const char *text, struct sql_token token, const char *word);

/* ---- statements (splitter.c, kinds.c) ---- */
enum sql_kind {
    SQL_PLAIN,               /* may run in a transaction */
    SQL_BEGIN,               /* BEGIN, START TRANSACTION */
    SQL_COMMIT,              /* COMMIT, END */
    SQL_ROLLBACK,            /* ROLLBACK, ABORT (not: ROLLBACK TO) */
    SQL_PREPARE_TRANSACTION, /* PREPARE TRANSACTION, COMMIT/ROLLBACK PREPARED */
    SQL_SAVEPOINT,           /* SAVEPOINT, RELEASE, ROLLBACK TO */
    SQL_ADD_VALUE,           /* ALTER TYPE ... ADD VALUE: plain, but the value is of no use before a COMMIT */
    SQL_FOREIGN_KEYS,        /* SQLite: PRAGMA foreign_keys = x, which does nothing inside a transaction */
    SQL_ALONE,               /* may not run inside a transaction: CREATE INDEX CONCURRENTLY, VACUUM ... */
    SQL_STRING_SETTING,      /* SET standard_conforming_strings = off: strings would be read in another way */
    SQL_ENCODING_SETTING,    /* SET client_encoding, SET NAMES: the same */
    SQL_RESET_ALL,           /* RESET ALL: would take from a host what nobody can list, its own settings */
    SQL_COPY_IN,             /* COPY ... FROM stdin: data follow */
    SQL_META                 /* psql's backslash command */
};
struct sql_statement {
    size_t offset; /* of its first token that is neither space nor comment */
    size_t length; /* up to the end of its last such token, without the semicolon */
    size_t end;    /* behind the semicolon (COPY: behind the data); where the next one is looked for */
    enum sql_kind kind;
    size_t data, data_length; /* COPY ... FROM stdin: the data, without the \. line */
    bool closed;              /* false: the text ended inside a string, comment or body (a comment alone that
                                 never ends is a statement of length 0, so that nothing it hides is lost), or
                                 something stands between COPY's semicolon and the line break before its data */
};

/* Reading that may stop where a window on a longer text ends, and goes on when more of it is there. */
struct sql_splitter {
    const struct sql_dialect *dialect;
    const char *text;
    size_t length, offset; /* offset: where reading goes on */
    bool inner;            /* the text is a window that does not begin where everything begins */
    bool more;             /* ... or that may be followed by more */
    struct sql_reading {   /* the statement in hand */
        enum { SQL_BETWEEN, SQL_INSIDE, SQL_LINE_REST, SQL_DATA } stage;
        struct sql_statement statement;
        size_t end;      /* behind its last token */
        size_t depth;    /* of parentheses */
        int undecided;   /* the next so many tokens may tell that it is of a kind that may have a body */
        bool may_body;   /* it is */
        bool in_body;    /* BEGIN ATOMIC ... END, a trigger's BEGIN ... END */
        bool may_end;    /* the token before was a semicolon or opened the body */
        bool seen_begin; /* the token before was BEGIN */
    } reading;
};
void sql_split(struct sql_splitter *splitter, const struct sql_dialect *dialect, const char *text,
               size_t length);
bool sql_next(struct sql_splitter *splitter,
              struct sql_statement *out); /* false: no more; empty statements are passed over */

/* The kind by the first words; see kinds.c for the tables. */
enum sql_kind sql_kind_of(const struct sql_dialect *dialect, const char *text, size_t length);

/* ---- one statement's tokens (reader.c) ---- */
struct sql_reader {
    const struct sql_dialect *dialect;
    const char *text;
    size_t length, offset;
    struct sql_token token; /* the one at hand: neither space nor comment */
};
void sql_reader_open(struct sql_reader *reader, const struct sql_dialect *dialect, const char *text, size_t length);
void sql_reader_next(struct sql_reader *reader);
bool sql_reader_is(const struct sql_reader *reader, const char *word);
bool sql_reader_take(struct sql_reader *reader, const char *word); /* moves behind it if it is that word */
bool sql_reader_seek(struct sql_reader *reader, const char *word); /* ... wherever it comes; false: it does not */
/* A name as written, schema and all; "" if there is none. The schema alone goes to *schema, which may be NULL. */
void sql_reader_name(struct sql_reader *reader, struct text *name, struct text *schema);

/* ---- positions and digests (position.c) ---- */
/* 1-based line and column (in characters) of a byte offset. CRLF, LF and lone CR end a line; a BOM at the
 * start of the text counts nothing. */
void sql_position(const char *text, size_t length, size_t offset, int64_t *line, int64_t *column);
/* The same in steps: a place whose line and column are known, and the way on from there. */
struct sql_mark {
    size_t offset;
    int64_t line, column;
};
struct sql_mark sql_mark_first(const char *text, size_t length);
void sql_mark_move(struct sql_mark *mark, const char *text, size_t length, size_t offset);
/* The line that holds the offset, without its end. */
void sql_line_at(const char *text, size_t length, size_t offset, size_t *line_offset, size_t *line_length);

/* Digest over the tokens, without comments and white space: equal if only those differ. out: 65 bytes, hex.
 */
void sql_token_digest(const struct sql_dialect *dialect, const char *text, size_t length, char *out);
/* The same in steps, for statements that come one by one; behind COPY ... FROM stdin come its data. */
struct sql_digest {
    struct digest digest;
    size_t used;
    char bytes[1024]; /* collected: a call of the digest for each token would cost more than the tokens */
};
void sql_digest_init(struct sql_digest *digest);
void sql_digest_statement(struct sql_digest *digest, const struct sql_dialect *dialect, const char *text,
                          size_t length);
void sql_digest_data(struct sql_digest *digest, const char *data, size_t length);
void sql_digest_end(struct sql_digest *digest, char *out);

/* ---- secrets (secrets.c) ---- */
/* Overwrites passwords and keys of SQL with as many asterisks, so that it may be shown and kept. */
void sql_hide_secrets(const struct sql_dialect *dialect, char *text, size_t length);

/* ---- streams (stream.c) ---- */
/* Gives up to size bytes more of a text; *got = 0: that was all. */
typedef int32_t (*sql_read)(void *user, char *buffer, size_t size, size_t *got, migrate_error **err);

/* Statements of a text that arrives in pieces, with the same boundaries as sql_next() finds in the whole. In
 * memory is a window: the statement in hand, what the caller keeps, and a piece or two. */
struct sql_stream {
    char *text;    /* the window; moves when a function reads on */
    size_t length; /* of the window */
    uint64_t base; /* where in the whole text the window begins */
    uint64_t keep; /* the caller's: from this place of the whole text on nothing leaves the window, so that
                      statements in a row can be sent as one range of it. UINT64_MAX, as opened: no wish */
    size_t piece;  /* bytes to read at a time: 256 KiB, unless changed before the first read */

    /* stream.c's own */
    size_t capacity;
    sql_read read;
    void *user;
    bool inside_line; /* of data: the last piece ended within a line */
    struct sql_splitter splitter;
    struct sql_mark start, last; /* the window's first byte; the last place that was asked for */
};

/* Reads nothing yet; user and what it refers to must outlive the stream. */
void sql_stream_open(struct sql_stream *stream, const struct sql_dialect *dialect, sql_read read, void *user);
/* The next statement; *more = false: there is none. Its offsets are places in the window as it is after the
 * call. After SQL_COPY_IN `end` is where the data begin, and data and data_length are 0: read the data, or
 * they are passed over. A failure is the reader's or a lack of memory; the same call may be made again. */
int32_t sql_stream_next(struct sql_stream *stream, struct sql_statement *out, bool *more,
                        migrate_error **err);
/* The data of COPY ... FROM stdin piece by piece, whole lines where one fits; *length = 0: no more. *data
 * points into the window and is valid until the next call. */
int32_t sql_stream_data(struct sql_stream *stream, const char **data, size_t *length, migrate_error **err);
/* Goes on at a place of the whole text, between two statements or behind data, whose line and column are known; the
 * data in hand are over. Returns how many bytes the reader has to leave out: none of them enters the window. */
uint64_t sql_stream_skip(struct sql_stream *stream, uint64_t to, int64_t line, int64_t column);
/* As sql_position() for an offset in the window, up to the end of what was handed out. Fast where offsets
 * that are asked for rise. */
void sql_stream_position(struct sql_stream *stream, size_t offset, int64_t *line, int64_t *column);
void sql_stream_close(struct sql_stream *stream);

#endif
