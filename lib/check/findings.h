/* SPDX-License-Identifier: MIT
 * The face of check/: findings, the one kind of result of everything that looks at migrations before they run, and the rules behind them. */
#ifndef CHECK_FINDINGS_H
#define CHECK_FINDINGS_H

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
const struct rule *rule_find(const char *word); /* by id or name, any case; NULL: there is none */

#endif
