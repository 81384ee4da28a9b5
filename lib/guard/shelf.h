/* SPDX-License-Identifier: MIT
 * The folder in which the backups of one database lie. A file there is
 *     NAME.20260801T120304Z.ID.bak          a backup that was verified: no other file is ever given such a name
 *     NAME.20260801T120304Z.ID.tables.bak   the same, of some tables only
 *     NAME.20260801T120304Z.ID.bak.part     one that is being made; its maker holds a lock on it, and whoever comes by and gets that lock
 *                                           knows that the maker is dead, and takes it away
 * Names can be had by chance, so a backup has a mark, too: the instant at which the file was last changed is the one in its name, and its
 * fraction of a second is made of the name and of what tells the database from others. Whoever changes the file takes the mark away with
 * that. Only what has the mark counts, and only that is ever removed. */
#ifndef GUARD_SHELF_H
#define GUARD_SHELF_H

#include "util/arena.h"
#include "util/error.h"
#include "util/text.h"

/* Ids that are no migration's. */
#define SHELF_MANUAL "manual"
#define SHELF_BEFORE_RESTORE "before-restore"

struct shelf {
    char *folder;
    char *name;     /* of the database, as it stands in file names */
    char *identity; /* what tells it from others of that name */
};
/* name: any text. The folder is made if it is not there, but not those above it. */
int32_t shelf_open(struct shelf *shelf, const char *folder, const char *name, const char *identity, migrate_error **err);
void shelf_close(struct shelf *shelf);
/* Before anything is written: whether so many bytes have room. MIGRATE_ERROR_IO. */
int32_t shelf_room(const char *folder, int64_t bytes, migrate_error **err);

struct shelf_item {
    const char *file, *id;
    int64_t at, bytes; /* microseconds since 1970 */
    bool verified;     /* it has the mark */
    bool tables;       /* some tables only */
};
struct shelf_items {
    struct shelf_item *items; /* the newest first */
    size_t count, capacity;
    struct arena arena;
};
int32_t shelf_list(const struct shelf *shelf, struct shelf_items *out, migrate_error **err);
void shelf_items_free(struct shelf_items *items);

/* One that is being made. */
struct shelf_part {
    int lock;     /* -1: there is none */
    char *data;   /* where it is written to */
    char *part;   /* what is locked; the same, or beside it */
    char *file;   /* what it will be called */
    int64_t at;
};
/* apart: data is a file that does not exist, for a program that wants to make it; else it is there, and empty. Takes away what dead makers
 * left. */
int32_t shelf_begin(const struct shelf *shelf, const char *id, bool tables, bool apart, struct shelf_part *out, migrate_error **err);
int32_t shelf_flush(const struct shelf_part *part, migrate_error **err); /* what was written so far is on the disk */
/* It is verified: gets its mark and its name. part is done with, whatever is returned. */
int32_t shelf_publish(const struct shelf *shelf, struct shelf_part *part, migrate_error **err);
void shelf_abandon(struct shelf_part *part); /* takes it away; a zeroed one with lock -1, and a published one, are fine */

struct shelf_limits {
    int64_t keep, age, bytes; /* how many, microseconds, bytes; 0: no bound */
};
/* Removes until all limits hold; never the newest. By age: whatever is older. By number and bytes: first, the oldest of them ahead, those that a
 * start which fails again and again leaves: made for one and the same id, neither the first nor the newest of it that is there. Then the oldest.
 * So such starts take the place of two, and what was there before them stays. Backups that somebody asked for, and those of restores, are
 * not told apart by their id. Returns how many. */
size_t shelf_prune(const struct shelf *shelf, const struct shelf_limits *limits);

#endif
