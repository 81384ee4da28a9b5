/* SPDX-License-Identifier: MIT
 * A migration in code, between two in SQL: what SQL says badly (here: taking names apart) is done in C, on
 * the open connection, inside the migration's transaction. If it fails, its work and its history row are
 * undone together.
 *
 *     code_migration [URL]
 */
#include <migrate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* UPDATE of one person; quoting is the connection's business, because each engine has its own rules. */
static int32_t store_name(migrate_connection *connection, const char *id, const char *first, const char *last)
{
    char *quoted_first = NULL, *quoted_last = NULL, sql[1024];
    int32_t code = migrate_connection_quote(connection, first, &quoted_first, NULL);

    if (code == MIGRATE_OK)
        code = migrate_connection_quote(connection, last, &quoted_last, NULL);
    if (code == MIGRATE_OK) {
        int length =
            snprintf(sql, sizeof sql, "UPDATE people SET first_name = %s, last_name = %s WHERE id = %s",
                     quoted_first, quoted_last, id);
        if (length < 0 || (size_t)length >= sizeof sql)
            code = migrate_connection_fail(connection, "a name is too long");
        else
            code = migrate_connection_exec(connection, sql, NULL);
    }
    migrate_free(quoted_first);
    migrate_free(quoted_last);
    return code;
}

/* "Grace Brewster Hopper" becomes "Grace Brewster" and "Hopper". */
static int32_t split_names(migrate_connection *connection, void *user)
{
    migrate_rows *people = NULL;
    size_t *changed = user;
    int32_t code =
        migrate_connection_query(connection, "SELECT id, name FROM people ORDER BY id", &people, NULL);

    for (size_t i = 0; code == MIGRATE_OK && i < migrate_rows_count(people); i++) {
        char first[256];
        const char *name = migrate_rows_text(people, i, 1), *space = strrchr(name, ' ');
        size_t length = space ? (size_t)(space - name) : 0;
        if (length >= sizeof first) {
            code = migrate_connection_fail(connection, "a name is too long");
            break;
        }
        memcpy(first, name, length);
        first[length] = '\0';
        code = store_name(connection, migrate_rows_text(people, i, 0), first, space ? space + 1 : name);
    }
    *changed = migrate_rows_count(people); /* set, not added: a run that was disturbed calls this again */
    migrate_rows_free(people);
    return code;
}

static int32_t add_migrations(migrate_source *source, size_t *changed, migrate_error **err)
{
    int32_t code = migrate_source_add(source, "001_create_people",
                                      "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL);"
                                      "INSERT INTO people VALUES (1, 'Grace Brewster Hopper'),"
                                      " (2, 'Conan O''Brien'), (3, 'Aristotle');",
                                      "DROP TABLE people;", err);
    if (code == MIGRATE_OK)
        code = migrate_source_add(source, "002_add_names",
                                  "ALTER TABLE people ADD COLUMN first_name text NOT NULL DEFAULT '';"
                                  "ALTER TABLE people ADD COLUMN last_name text NOT NULL DEFAULT '';",
                                  NULL, err);
    /* "1" stands where a checksum would: change it when the code changes its meaning. */
    if (code == MIGRATE_OK)
        code = migrate_source_add_code(source, "003_split_names", "1", split_names, NULL, changed, err);
    /* Names that were missed would all be empty, and this index would refuse them. */
    if (code == MIGRATE_OK)
        code = migrate_source_add(source, "004_unique_names",
                                  "CREATE UNIQUE INDEX people_name_key ON people (last_name, first_name);",
                                  "DROP INDEX people_name_key;", err);
    return code;
}

int main(int argc, char **argv)
{
    migrate_source *source = NULL;
    migrate_options *options = NULL;
    migrate_rows *report = NULL;
    migrate_error *err = NULL;
    size_t changed = 0;

    int32_t code = migrate_source_new(&source, &err);
    if (code == MIGRATE_OK)
        code = add_migrations(source, &changed, &err);
    if (code == MIGRATE_OK)
        code = migrate_options_new(&options, &err);
    if (code == MIGRATE_OK)
        code = migrate_options_set_source(options, source, &err);
    if (code == MIGRATE_OK)
        code = migrate_startup(argc > 1 ? argv[1] : "sqlite::memory:", options, &report, &err);

    if (code == MIGRATE_OK) {
        printf("the database is at %s; %zu names split\n", migrate_rows_value_text(report, "to"), changed);
    } else {
        char *text = NULL;
        if (migrate_error_text(err, &text) == MIGRATE_OK)
            fprintf(stderr, "%s\n", text);
        migrate_free(text);
    }
    migrate_error_free(err);
    migrate_rows_free(report);
    migrate_options_free(options);
    migrate_source_free(source);
    return code == MIGRATE_OK ? 0 : 1;
}
