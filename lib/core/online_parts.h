/* SPDX-License-Identifier: MIT
 * What gathering for the rules of online safety consists of: online.c, the course of a migration; online_look.c, what one statement did;
 * online_live.c, what the live database says; online_flaws.c, what is wrong with the schema behind it. */
#ifndef CORE_ONLINE_PARTS_H
#define CORE_ONLINE_PARTS_H

#include "check/online.h"
#include "core/online.h"

/* What a live table is, or was, called. */
struct online_live {
    const char *name; /* in the scratch database */
    const char *from; /* ... it had this name before; NULL: it did not */
    int64_t rows;
    bool known;
};

struct online {
    migrate_session *session, *scratch;
    const struct online_rules *rules;
    struct findings *findings;
    bool live;
    struct arena arena; /* as long as this lives */
    struct {
        struct online_live *items;
        size_t count, capacity;
    } tables_live;
    struct migrate_rows *known; /* flaws that were there before the migration; NULL: not asked yet */
    struct {
        const char **items;
        size_t count, capacity;
    } broken; /* functions that are known not to work */
    bool broken_known;
    migrate_session *copy; /* SQLite: a scratch database with the live rows */
    bool copy_over;        /* there is none, or it does not stand behind the last migration */

    /* the migration in hand */
    struct arena own;
    const struct facts *began;
    struct fact_keys began_keys;
    struct online_migration m;
    struct {
        struct online_table *items;
        size_t count, capacity;
    } tables;
    struct {
        struct online_change *items;
        size_t count, capacity;
    } changes;
    struct online_say say;
    size_t last, uncommitted_at; /* number of the last statement; of the one that made it begin anew: 0 */
    const char *settings;        /* as of the last statement */
    const char *skipped, *truncated; /* what the database said meanwhile */
    void (*notice)(const char *severity, const char *message, void *user); /* who was told before */
    void *notice_user;
};

/* ---- online_look.c ---- */
/* What the statement did, into online->tables and online->changes. */
int32_t online_look(struct online *online, const struct observed *now, migrate_error **err);
struct online_table *online_table_called(struct online *online, const char *name);
/* Keeps what was changed for the end of the migration. */
int32_t online_place(struct online *online, const struct observed *now, migrate_error **err);

/* ---- online_live.c ---- */
int32_t online_rows(struct online *online, const char *table, int64_t *out, migrate_error **err);
int32_t online_called(struct online *online, const char *from, const char *to, migrate_error **err);
int32_t online_try_live(struct online *online, const struct migration *migration, migrate_error **err);
/* Findings about the live database itself. */
int32_t online_say_live(struct online *online, migrate_error **err);

/* ---- online_flaws.c ---- */
/* Asked before the first migration. */
int32_t online_flaws_begin(struct online *online, const struct observed *now, migrate_error **err);
int32_t online_flaws_behind(struct online *online, const struct observed *now, migrate_error **err); /* a statement */
int32_t online_flaws_end(struct online *online, const struct observed *now, migrate_error **err);

#endif
