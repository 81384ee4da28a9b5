/* SPDX-License-Identifier: MIT
 * What a rehearsal knows of the relations that were there before it. */
#ifndef DATABASE_POSTGRESQL_LOOK_H
#define DATABASE_POSTGRESQL_LOOK_H

#include "database/postgresql/postgresql.h"

struct relation {
    int64_t oid, node, part_of; /* the table of an index or of an owned sequence; 0: none */
    const char *name, *plain;   /* qualified and quoted; raw, without its schema */
    char kind;                  /* as relkind */
    bool kept;                  /* a sequence that has new storage: what we did to it does not count */
    unsigned held;              /* modes, a bit each */
    int64_t scans, rows;        /* the server's counters as of the last look */
    bool versioned;
    struct version {            /* of its definition, as of the last look: how many, and what changes whenever they do */
        int64_t indexes, triggers, constraints, columns, rest;
    } version;
    /* of the statement in hand */
    int took; /* the strongest mode; -1: none */
    bool rewritten, scanned;
};

struct postgresql_look {
    struct database *db;
    struct relation *items; /* by oid */
    size_t count;
    struct migrate_rows *rows; /* what items point into */
    struct migrate_rows *draws; /* sequence, table: a column's default draws from it, or it is owned */
    struct text oids;          /* of items, as an array's text */
    int64_t lock_wait;
    bool counts;               /* the server counts scans and rows */
    int64_t transaction;       /* its number; 0: it wrote nothing */
};

/* The statement has that word in it, in whatever letters; as a part of another word, too. */
bool postgresql_look_names(const char *statement, size_t length, const char *word);
struct relation *postgresql_look_find(const struct postgresql_look *look, int64_t oid); /* NULL: it was not there */

#endif
