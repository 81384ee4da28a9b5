/* SPDX-License-Identifier: MIT
 * What depends_findings.c and depends_pairs.c share while they judge. */
#ifndef CHECK_DEPENDS_JUDGING_H
#define CHECK_DEPENDS_JUDGING_H

#include "check/depends.h"

/* found.c */
struct entry {
    const char *key; /* the name's last part */
    const struct deed *deed;
    size_t migration;
};
struct found {
    const struct depends *depends;
    struct entry *items; /* by key, migration, deed; no needs, and nothing idle */
    size_t count;
};

struct judging {
    struct depends *depends;
    struct found *found;
    struct edges edges;
    struct findings *out;
    const size_t *order;
    size_t order_count;
    bool partial;      /* some could not be read: what nobody makes may be made there */
    struct text hint;
    int32_t code;      /* why it ended */
    migrate_error **err;
};

/* severity NULL: the rule's own. deed: its place; NULL: none. false: it ends. */
bool judging_tell(struct judging *judging, const char *rule, const char *severity, size_t at, const struct deed *deed, size_t other,
                  const char *hint, const char *format, ...) __attribute__((format(printf, 8, 9)));
const char *judging_id(const struct judging *judging, size_t at);

/* depends_pairs.c */
bool judge_declared(struct judging *judging, size_t at); /* what it declares against what it needs */
bool judge_pairs(struct judging *judging);               /* two that do something to one thing */

#endif
