/* SPDX-License-Identifier: MIT
 * Online safety: rules over what each statement of a migration was seen to do in a scratch database. Pure: what is observed comes in as
 * structs, findings come out; core/online.c gathers. */
#ifndef CHECK_ONLINE_H
#define CHECK_ONLINE_H

#include "check/findings.h"
#include "database/facts.h"
#include "sql/sql.h"

/* Locks, weakest first, as PostgreSQL counts them; 0: none. */
enum { ONLINE_ROW_EXCLUSIVE = 3, ONLINE_SHARE = 5, ONLINE_SHARE_ROW_EXCLUSIVE = 6, ONLINE_ACCESS_EXCLUSIVE = 8 };

/* A table (or materialized view) that was there before the migration. */
struct online_table {
    const char *name, *key; /* as in its fact, when the migration began */
    int64_t rows;           /* of the live one; -1: not known, there is no live database */
    bool materialized, partitioned;
    bool gone;              /* an earlier statement dropped it: what has its name now is new */
    /* the statement in hand */
    int took; /* its strongest lock */
    bool scanned, rewritten;
    bool scan_told, rewrite_told; /* a finding speaks of it */
    /* earlier statements of the same transaction */
    int64_t exclusive_line; /* where it was locked against everybody; 0: it is not */
    int64_t written_line;   /* where its rows were written; 0: they were not */
};

enum online_did { ONLINE_ADDED, ONLINE_REMOVED, ONLINE_CHANGED, ONLINE_RENAMED };

/* One fact that the statement changed. */
struct online_change {
    enum online_did did;
    const struct fact *from, *to; /* NULL: it is not there */
    struct online_table *table;   /* that it is, or is inside of; NULL: none that was there before the migration */
    bool old;                     /* the object itself was there before the migration */
};

/* A flaw of the schema that no statement has to do with by itself; see struct database_online. */
struct online_flaw {
    const char *what, *key, *table, *name, *value;
    int64_t line, column; /* of the statement that brought it; 0: that is not known */
    int64_t rows;         /* of the table; -1: not known, or it is new */
    bool old;             /* the table was there before the migration */
};

struct online_statement {
    const char *id, *file, *sql; /* sql NULL: code */
    size_t length;
    int64_t line, column, number, rows;
    const struct sql_dialect *dialect;
    bool alone;               /* outside of any transaction */
    bool no_lock_timeout;     /* a lock is waited for without end */
    const char *leaked;       /* settings that it changed beyond its transaction: "name, name"; NULL: none */
    bool enforced;            /* SQLite: foreign keys are */
    const char *quoted;       /* SQLite: what in double quotes was taken for a string; NULL: nothing */
    const char *skipped;      /* the database said that it skipped something: in its words; NULL: it did not */
    const char *truncated;    /* ... or that it cut a name short */
    bool uncommitted;         /* it uses a value that an earlier statement of the file made, which only works behind a COMMIT */
    struct online_table *tables;
    size_t table_count;
    struct online_change *changes;
    size_t change_count;
    const struct facts *before, *after;
};

/* A fact that the migration made or changed, and where; kept until its end. */
struct online_placed {
    const char *kind, *key, *ident, *value, *was; /* was: its value before; "": it is new. A renamed one: its ident before */
    enum online_did did;
    bool old;      /* the table that it is in was there before the migration */
    bool unproven; /* it was made without a look at the rows that are there */
    int64_t transaction, rows;
    int64_t line, column;
    bool gone;  /* by a later statement */
    bool named; /* of a removed one: the statement names it */
};

/* The migration as a whole, as far as it was run. */
struct online_migration {
    const char *id, *file;
    const struct sql_dialect *dialect;
    struct {
        struct online_placed *items;
        size_t count, capacity;
    } placed;
    struct {
        struct online_flaw *items;
        size_t count, capacity;
    } flaws; /* new ones, with their places: as the last item each */
    struct {
        const char **items;
        size_t count, capacity;
    } copied; /* SQLite: columns (their idents) that a table was filled from */
    int64_t statements;
    bool no_transaction; /* the file says so */
    struct online_spot {
        int64_t line, column;
    } first_alone, pragma, commit; /* line 0: none. PRAGMA foreign_keys, which is not sent; a COMMIT that something follows */
    const char *failure;   /* SQLite: why it does not run on a copy of the live rows; NULL: it does, or was not tried */
    struct online_spot failed_at;
    bool exclusive_told, late_told, mixed_told, leak_told, names_sequences;
    int64_t transaction;    /* the one in hand; 0: none */
};

/* What rules say it with: texts are put together, then put into the findings. */
struct online_say {
    struct findings findings;
    struct text message, hint;
    const char *id, *file;
    int64_t line, column;
    bool failed;
};
void online_put(struct online_say *say, const char *rule, const char *severity); /* message and hint, which are empty behind it */
void online_say_free(struct online_say *say);

/* ---- helpers of the rules (online.c) ---- */
const char *online_severity(int64_t rows);                           /* of what is slow or blocks in proportion to them */
void online_add_size(struct text *out, const struct online_table *table); /* " (about 120,000 rows)" */
bool online_begins(const struct online_statement *s, const char *word);
bool online_contains(const struct online_statement *s, const char *word); /* as a word of its own */
bool online_mentions(const struct online_statement *s, const char *name); /* anywhere, in any letters; raw or quoted */
bool online_unbounded(const struct online_statement *s, struct text *table); /* UPDATE or DELETE without WHERE; the table as written */
struct online_table *online_named(const struct online_statement *s, const char *name);
const struct fact *online_fact(const struct facts *facts, const char *kind, const char *ident); /* NULL: there is none */
bool online_is(const struct online_change *change, const char *kind, enum online_did did);
const char *online_plain(const char *ident); /* without its schema or table */
bool online_contained(const struct online_statement *s, const char *kind, enum online_did did, const struct online_table *table);

/* ---- the rules ---- */
struct online_rules {
    void (*statement)(struct online_statement *s, struct online_migration *m, struct online_say *say);
    void (*end)(struct online_migration *m, const struct facts *before, const struct facts *after, struct online_say *say);
};
extern const struct online_rules online_postgresql, online_sqlite;

/* parts of online_postgresql */
void online_columns(struct online_statement *s, struct online_say *say);
void online_constraints(struct online_statement *s, struct online_say *say);
void online_drops(struct online_statement *s, struct online_say *say);
void online_transactions(struct online_statement *s, struct online_migration *m, struct online_say *say);
void online_renames(const struct online_migration *m, const struct facts *after, struct online_say *say);
void online_style(struct online_statement *s, struct online_say *say);

#endif
