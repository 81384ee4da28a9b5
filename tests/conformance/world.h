/* SPDX-License-Identifier: MIT
 * Where a case happens: a folder, a directory of migrations and a database of its own, and the runner's own way to that database. */
#ifndef TEST_CONFORMANCE_WORLD_H
#define TEST_CONFORMANCE_WORLD_H

#include "json.h"

enum world_engine { WORLD_SQLITE, WORLD_POSTGRESQL };

/* How the library gets at the migrations and the database. */
enum world_road {
    WORLD_DIRECTORY, /* files on disk, a URL */
    WORLD_MEMORY,    /* texts that the program holds, a URL */
    WORLD_HANDLE     /* files on disk, the program's own connection */
};

struct world {
    enum world_engine engine;
    enum world_road road;
    char root[200]; /* of all cases */
    int count;      /* of cases so far */
    char folder[300];
    char dir[320];
    char database[340]; /* the file, or the name on the server */
    char name[340];     /* the database's, as the library says it */
    char url[700];
    struct json *files; /* the migrations as they are: path to text */
};

/* Once. False: there is nowhere to make folders; perror() has said why. */
bool world_open(struct world *world);
void world_close(struct world *world);

/* Around each case. NULL, or why not. */
const char *world_begin(struct world *world);
void world_end(struct world *world);

/* Writes over what is there; a null removes. NULL, or what went wrong. */
const char *world_files(struct world *world, const struct json *files);

/* One or more statements. With rows: one, whose rows it becomes, arrays of texts and nulls. NULL, or what went wrong. */
const char *world_sql(struct world *world, const char *sql, struct json **rows);

/* The SQL that names all tables but the history's. */
const char *world_tables(const struct world *world);

#endif
