/* SPDX-License-Identifier: MIT
 * The face of check/: findings, the one kind of result of everything that looks at migrations before they run, and the rules behind them. */
#ifndef CHECK_FINDINGS_H
#define CHECK_FINDINGS_H

#include "sql/sql.h"
#include "util/arena.h"
#include "util/error.h"
#include "util/rows.h"

/* rule and name belong to the table of rules; every other text is copied when it is added. */
struct finding {
    const char *rule, *severity; /* "PG11"; error, warning, info */
    const char *id, *file;       /* of the migration; NULL: none */
    const char *message, *hint;  /* what and why; what to do */
    const char *other;           /* the id of another migration that it is about; NULL: none */
    int64_t line, column;        /* 0: no place */
    bool guess;                  /* read from the words alone: nothing was run */
};

struct findings {
    struct finding *items;
    size_t count, capacity;
    struct arena arena;
};

int32_t findings_add(struct findings *findings, const struct finding *finding, migrate_error **err);
/* The same with a rule's id or name for rule, its own severity where none is given, and a message in printf form. */
int32_t findings_tell(struct findings *findings, const struct finding *finding, migrate_error **err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* From an error that says what it is about; severity NULL: the rule's own. */
int32_t findings_add_error(struct findings *findings, const migrate_error *problem, const char *severity, migrate_error **err);
void findings_sort(struct findings *findings); /* by file, line, column, rule; those without a file first */
bool findings_have_errors(const struct findings *findings);
void findings_free(struct findings *findings); /* a zeroed struct is fine */

/* "rule", "name", "severity", "id", "file", "line", "column", "message", "hint", "other", "guess"; values "count", "errors", "warnings",
 * "infos". Not finished yet: the caller may add values. NULL: out of memory. */
struct migrate_rows *findings_rows(const struct findings *findings);

/* ---- rules.c ---- */

/* A rule's id is an interface: never given to another one. */
struct rule {
    const char *id, *name;
    const char *severity; /* unless the options or the findings themselves say otherwise; "off": only where asked for */
    const char *summary;  /* one line, for the list of rules */
};
extern const struct rule rules[];
extern const size_t rules_count;
const char *rule_nearest(const char *word); /* NULL: none is near */
const struct rule *rule_find(const char *word); /* by id or name, any case; NULL: there is none */

/* ---- severities.c: what the option rules and the files say of the findings ---- */

/* The option rules: "PG11=error,gap=off". MIGRATE_ERROR_OPTION names the nearest rule. NULL is fine. */
int32_t severities_check(const char *option, migrate_error **err);

/* One "-- migrate: ignore RULE REASON"; the texts are borrowed. */
struct finding_ignore {
    const char *rule, *reason, *file;
    int64_t line, column;         /* of the directive */
    int64_t end_line, end_column; /* of the statement behind it; 0: there is none */
    bool whole;                   /* for the whole file */
    bool history, tried;          /* what it might hide was looked for: against a history; by running the migration */
    bool used;                    /* set here */
};

/* Takes away what is ignored, tells of ignores that are wrong or of no use, gives the rest the severities that are wanted, and puts all in
 * order. *ignored: how many findings went. */
int32_t findings_settle(struct findings *findings, struct finding_ignore *ignores, size_t count, const char *option, size_t *ignored,
                        migrate_error **err);

/* ---- texts.c: what can be told by a text alone ---- */

/* One direction of a migration, as it would be run. */
struct checked_text {
    const struct sql_dialect *dialect;
    const char *id, *file; /* id NULL: of the schema file */
    const char *text;
    size_t length;
    int64_t first_line, first_column; /* of the text in the file */
    bool down;
};
int32_t check_text(const struct checked_text *text, struct findings *findings, migrate_error **err);
/* The file's own bytes. */
int32_t check_bytes(const char *id, const char *file, const char *bytes, size_t length, struct findings *findings, migrate_error **err);

/* Numbers in order; digits NULL: unnumbered. Gaps are told of where migrations are counted, not where they carry a time. */
struct checked_number {
    const char *id, *file, *digits;
};
int32_t check_gaps(const struct checked_number *numbers, size_t count, struct findings *findings, migrate_error **err);

#endif
