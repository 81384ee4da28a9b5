/* SPDX-License-Identifier: MIT
 * What a plan can lose: gathered while its texts are looked through (preflight.c), told as findings of the plan, and refused on a
 * protected database. */
#ifndef CORE_LOSSES_H
#define CORE_LOSSES_H

#include "core/plan.h"
#include "core/script.h"

/* A run has to know it: the database is protected, or guards or backups depend on it. Where backups alone ask, and no pass is made anyway, they
 * call losses_look() themselves, once it is known that there is something to lose. */
bool losses_wanted(migrate_session *session, const struct migrate_plan *plan);
/* For a pass over the plan's texts: a statement of a step's script, the end of the text, and a step whose text the pass does not read. */
int32_t losses_statement(struct migrate_plan *plan, size_t step, const struct script *script, const struct sql_statement *statement,
                         migrate_error **err);
int32_t losses_text_end(struct migrate_plan *plan, migrate_error **err);
int32_t losses_other(migrate_session *session, struct migrate_plan *plan, size_t step, migrate_error **err);
/* The step runs code: what it does cannot be read. */
bool step_is_code(const struct step *step);
/* The same where no pass was made: plan->losses is known behind it. A text that cannot be read loses nothing: it says so when its turn comes. */
int32_t losses_look(migrate_session *session, struct migrate_plan *plan, migrate_error **err);

/* It drops a table that is not there (DROP TABLE IF EXISTS), and nothing in the plan gives that name to another. */
int32_t losses_vain(migrate_session *session, const struct migrate_plan *plan, const struct guard_loss *loss, bool *out, migrate_error **err);

/* Findings, with the rows that would be hit. */
int32_t losses_find(migrate_session *session, struct migrate_plan *plan, migrate_error **err);
/* MIGRATE_ERROR_REFUSED on a protected database, unless it is confirmed. */
int32_t losses_refuse(migrate_session *session, struct migrate_plan *plan, migrate_error **err);

#endif
