/* SPDX-License-Identifier: MIT
 * The face of guard/ towards SQL text: what a statement can lose, read from its words. Nothing is asked of a database. What the words do
 * not tell is not told: what a function does that is called, or a trigger. DO blocks are read, and texts that they EXECUTE. */
#ifndef GUARD_DESTRUCTIVE_H
#define GUARD_DESTRUCTIVE_H

#include "sql/sql.h"
#include "util/arena.h"

enum guard_kind {
    GUARD_DROP_TABLE,    /* with its rows */
    GUARD_TRUNCATE,
    GUARD_DELETE,        /* also in a CTE, or by MERGE */
    GUARD_DROP_COLUMN,   /* or a composite type's attribute */
    GUARD_COLUMN_TYPE,   /* values may not all fit; to text they do */
    GUARD_UPDATE,        /* overwrites values; columns that the migrations add themselves have none */
    GUARD_REPLACE,       /* SQLite: rows in the way are deleted */
    GUARD_DROP_MANY,     /* a schema with all in it, a database, what a role owns */
    GUARD_DROP_TYPE,     /* with CASCADE: the columns of that type, or of an extension's or collation's */
    GUARD_DROP_SEQUENCE, /* its position */
    GUARD_REBUILD,       /* no loss by itself: a table goes, and another takes its name in the same text, which its rows were copied into */
    GUARD_KINDS
};

/* Texts live as long as the list. */
struct guard_loss {
    enum guard_kind kind;
    const char *object;  /* as written; NULL: known when it runs alone, or there is none */
    const char *part;    /* the column; NULL: there is none */
    bool is_table;       /* object is a table, whose rows can be counted */
    bool where;          /* DELETE, UPDATE: not of all rows */
    bool cascade;        /* what depends on it goes with it */
    size_t offset;       /* in the text, of the words that say so */
    const char *key;     /* of the object's name, to compare: see guard_same() */
    size_t step;         /* the caller's: where the text belongs to ... */
    int64_t line, column; /* ... and the place */
};

/* What texts, read one behind the other, lose of what was there before the first of them. Zeroed: empty. */
struct guard_losses {
    struct guard_loss *items;
    size_t count, capacity;
    struct arena arena;
    bool failed;         /* out of memory: check once at the end */
    /* losses.c's own */
    size_t text;         /* where the losses of the text at hand begin */
    struct guard_note {
        enum guard_note_kind { GUARD_MADE, GUARD_TEMPORARY, GUARD_MAYBE, GUARD_ADDED, GUARD_COPIED, GUARD_RENAMED, GUARD_FORGOTTEN } kind;
        const char *name, *other; /* keys: a table (MAYBE: made unless it was there; FORGOTTEN: made, see guard_dropped()); its column, where its rows went, its new name */
    } *notes;
    size_t notes_count, notes_capacity, notes_text;
};

/* One statement of a text; base: where in the text it begins. true: it adds a loss. */
bool guard_read(struct guard_losses *losses, const struct sql_dialect *dialect, const char *sql, size_t length, size_t base);
/* The text is over: tells rebuilds from losses. The next statement begins another text. */
void guard_text_end(struct guard_losses *losses);
/* The same of one statement that stands alone. losses may be NULL, and is not ended then. */
bool guard_destructive(const struct sql_dialect *dialect, const char *sql, size_t length, struct guard_losses *losses);
/* Anything but rebuilds; with them. */
bool guard_loses(const struct guard_losses *losses, bool rebuilds);
void guard_losses_free(struct guard_losses *losses);

/* "drop-table": the name of the rule, too. */
const char *guard_kind_name(enum guard_kind kind);
/* A name as SQL spells it, schema and all, becomes text that can be compared. NULL: out of memory. */
const char *guard_key(struct arena *arena, const struct sql_dialect *dialect, const char *name, size_t length);
/* Keys of one thing, as far as is known: where one of them has no schema, that does not count. */
bool guard_same(const char *a, const char *b);

/* losses.c, for destructive.c alone */
void guard_add(struct guard_losses *losses, const struct guard_loss *loss);
void guard_note(struct guard_losses *losses, enum guard_note_kind kind, const char *name, const char *other);
/* A table of exactly that name, schema and all: by the texts, or, if it is temporary, by the text at hand. Dropped, it is none any more, nor is
 * one into which a dropped table's rows went. */
bool guard_made(const struct guard_losses *losses, const char *name);
void guard_dropped(struct guard_losses *losses, const char *name);
void guard_renamed(struct guard_losses *losses, const char *name, const char *other);
bool guard_noted(const struct guard_losses *losses, enum guard_note_kind kind, const char *name, const char *other);

#endif
