/* SPDX-License-Identifier: MIT
 * The way back of every migration of a folder, found from the facts before and behind it, and really gone: on a copy with sample rows in
 * every table.
 *     inverse_sqlite FOLDER      files NNNN_name.sql, in order of their names
 *     inverse_sqlite FOLDER far  from the schema 20, 60 and all migrations ago to the last one, and back, nothing being known of renames
 * One line for each: its name, what came of it, why. exact; order: but for the order of columns; rows: it leads back, but is refused while
 * there are such rows; left: something is left out; wrong; none: it changes no schema; broken: it does not run itself. */
#include "../schema/frame.h"

#include "util/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RENAMES_MOST = 64, ROWS = 5 };

struct told {
    struct fact_renamed items[RENAMES_MOST];
    size_t count;
    struct arena arena;
};

static char *read_file(const char *folder, const char *name)
{
    struct text path = {0}, text = {0};
    char buffer[4096];
    FILE *file;

    text_format(&path, "%s/%s", folder, name);
    file = fopen(path.data, "rb");
    if (file == NULL)
        frame_die("%s cannot be read", path.data);
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
        text_add_n(&text, buffer, got);
    fclose(file);
    text_free(&path);
    return text_take(&text);
}

/* What the statements rename, the other way, the last one first. */
static void tell_renames(const char *sql, struct told *told)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    struct text from = {0}, to = {0};

    sql_split(&splitter, &sql_sqlite, sql, strlen(sql));
    while (sql_next(&splitter, &statement) && told->count < RENAMES_MOST) {
        text_clear(&from);
        text_clear(&to);
        if (!database_sqlite.renames_of(sql + statement.offset, statement.length, &from, &to))
            continue;
        memmove(told->items + 1, told->items, told->count * sizeof *told->items);
        told->items[0] = (struct fact_renamed){arena_text(&told->arena, to.data), arena_text(&told->arena, from.data)};
        told->count++;
    }
    text_free(&from);
    text_free(&to);
}

static void say(const char *name, const char *what, const char *why, const char *sql)
{
    printf("%s\t%s\t", name, what);
    for (; why != NULL && *why != '\0'; why++)
        putchar(*why == '\n' || *why == '\t' ? ' ' : *why);
    putchar('\n');
    if (sql != NULL && getenv("INVERSE_SHOW") != NULL)
        printf("%s\n", sql);
}

/* Where there are no rows. */
static char *go_back_empty(struct database *db, const struct facts *before, const char *sql)
{
    struct database *clone = NULL;
    struct facts now;
    char *why;

    if (database_sqlite.clone_open(db, &clone, NULL) != MIGRATE_OK)
        frame_die("no clone");
    why = frame_migrate(clone, sql);
    now = frame_facts(clone);
    if (why == NULL)
        why = frame_differ(&now, before);
    facts_free(&now);
    database_close(clone);
    return why;
}

/* The way is run where there are rows. */
static const char *go_back(struct database *copy, const struct facts *after, const struct facts *before, const struct told *told,
                           const struct frame_way *way, char **why)
{
    char *rows = frame_rows(copy, 0, after, before, told->items, told->count), *rows_then = NULL, *was_sound = frame_sound(copy), *sound;
    struct facts now = {0};
    const char *what = way->changes.column_order ? "order" : "exact";

    *why = frame_migrate(copy, way->sql);
    if (*why != NULL) {
        char *empty = go_back_empty(copy, before, way->sql);
        what = empty == NULL ? "rows" : "wrong";
        if (empty != NULL) {
            free(*why);
            *why = empty;
        }
    } else {
        now = frame_facts(copy);
        rows_then = frame_rows(copy, 1, after, before, told->items, told->count);
        sound = frame_sound(copy);
        if ((*why = frame_differ(&now, before)) != NULL)
            what = "wrong";
        else if (strcmp(rows, rows_then) != 0)
            what = "wrong", *why = memory_text("other rows");
        else if (sound != NULL && was_sound == NULL)
            what = "wrong", *why = memory_text(sound);
        if (strcmp(what, "wrong") == 0 && getenv("INVERSE_SHOW") != NULL)
            printf("before:\n%s\nafter:\n%s\n", rows, rows_then);
        free(sound);
        facts_free(&now);
    }
    free(rows);
    free(rows_then);
    free(was_sound);
    return what;
}

static void one(struct database *db, const char *folder, const char *name)
{
    char *sql = read_file(folder, name), *problem, *why = NULL, *differs;
    struct facts before = frame_facts(db), after;
    struct told told = {0};
    struct frame_way way;
    struct database *copy;
    const char *what;

    problem = frame_migrate(db, sql);
    after = frame_facts(db);
    differs = frame_differ(&before, &after);
    tell_renames(sql, &told);
    if (problem != NULL) {
        say(name, "broken", problem, NULL);
    } else if (differs == NULL) {
        say(name, "none", NULL, NULL);
    } else {
        copy = frame_copy(db);
        frame_fill(copy, ROWS);
        way = frame_find(copy, &before, told.items, told.count, true);
        if (!way.good)
            say(name, "left", way.left_out, way.sql);
        else if ((what = go_back(copy, &after, &before, &told, &way, &why)) != NULL)
            say(name, what, why, way.sql);
        frame_way_free(&way);
        database_close(copy);
    }
    free(why);
    free(differs);
    free(problem);
    free(sql);
    arena_free(&told.arena);
    facts_free(&before);
    facts_free(&after);
}

/* From one schema to the other, without rows. */
static void leap(struct database *from, struct database *to, const char *name)
{
    struct facts wanted = frame_facts(to), now;
    struct frame_way way = frame_find(from, &wanted, NULL, 0, false);
    struct database *clone = NULL;
    char *why = NULL;

    if (!way.good) {
        say(name, "left", way.left_out, way.sql);
    } else {
        if (database_sqlite.clone_open(from, &clone, NULL) != MIGRATE_OK)
            frame_die("no clone");
        why = frame_migrate(clone, way.sql);
        now = frame_facts(clone);
        if (why == NULL)
            why = frame_differ(&now, &wanted);
        say(name, why != NULL ? "wrong" : way.changes.column_order ? "order" : "exact", why, way.sql);
        facts_free(&now);
        database_close(clone);
    }
    free(why);
    frame_way_free(&way);
    facts_free(&wanted);
}

static void far(struct database *db, const char *folder, struct dirent **files, int count)
{
    static const int ago[] = {20, 60, 0}; /* 0: all */
    struct database *then[3] = {0};
    char name[32];

    for (int i = 0; i < count; i++) {
        char *sql = read_file(folder, files[i]->d_name);
        for (int k = 0; k < 3; k++) {
            if (i == (ago[k] == 0 ? 0 : count - ago[k]))
                then[k] = frame_copy(db);
        }
        free(frame_migrate(db, sql));
        free(sql);
    }
    for (int k = 0; k < 3; k++) {
        if (then[k] == NULL)
            continue;
        snprintf(name, sizeof name, "%d forth", ago[k]);
        leap(then[k], db, name);
        snprintf(name, sizeof name, "%d back", ago[k]);
        leap(db, then[k], name);
        database_close(then[k]);
    }
}

/* One of the sets' applications registers this; here its answer does not matter. */
static void as_it_is(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (count > 0)
        sqlite3_result_value(context, values[0]);
}

static int is_up(const struct dirent *entry)
{
    return text_ends(entry->d_name, ".sql") && !text_ends(entry->d_name, ".down.sql");
}

int main(int count, char **arguments)
{
    struct dirent **files = NULL;
    struct database *db;
    int found = count > 1 ? scandir(arguments[1], &files, is_up, alphasort) : -1;

    if (found < 0) {
        fprintf(stderr, "usage: inverse_sqlite FOLDER\n");
        return 64;
    }
    db = frame_open("PRAGMA foreign_keys = OFF");
    frame_run(db, "PRAGMA foreign_keys = OFF");
    sqlite3_create_function(db->class->handle(db), "BIN2B64", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, as_it_is, NULL, NULL);
    if (count > 2 && strcmp(arguments[2], "far") == 0)
        far(db, arguments[1], files, found);
    for (int i = 0; i < found; i++) {
        if (count == 2)
            one(db, arguments[1], files[i]->d_name);
        free(files[i]);
    }
    free(files);
    database_close(db);
    return 0;
}
