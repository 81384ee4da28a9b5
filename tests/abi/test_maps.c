/* SPDX-License-Identifier: MIT
 * A program that needs SQLite alone has SQLite alone in its memory: no libpq, and no copy of SQLite before it
 * is used. */
#include "migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int mapped(const char *library)
{
    char line[1000];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        found |= strstr(line, library) != NULL;
    if (maps)
        fclose(maps);
    return found;
}

static int complain(const char *what)
{
    fprintf(stderr, "FAIL: %s\n", what);
    return EXIT_FAILURE;
}

static int32_t migrate_file(const char *path, migrate_error **error)
{
    char url[200];
    migrate_options *options = NULL;
    migrate_source *source = NULL;
    int32_t code = migrate_source_new(&source, error);
    if (code == MIGRATE_OK)
        code = migrate_source_add(source, "001_a", "CREATE TABLE a (id integer)", NULL, error);
    if (code == MIGRATE_OK)
        code = migrate_options_new(&options, error);
    if (code == MIGRATE_OK)
        code = migrate_options_set_source(options, source, error);
    snprintf(url, sizeof url, "sqlite:%s", path);
    if (code == MIGRATE_OK)
        code = migrate_startup(url, options, NULL, error);
    migrate_source_free(source);
    migrate_options_free(options);
    return code;
}

int main(void)
{
    char path[] = "/tmp/migrate-maps-XXXXXX";
    migrate_error *error = NULL;
    int file = mkstemp(path);
    if (file < 0 || access("/proc/self/maps", R_OK) != 0)
        return 77; /* skipped */
    close(file);
    int before = mapped("libsqlite3");
    int32_t code = migrate_file(path, &error);
    unlink(path);
    if (code != MIGRATE_OK)
        return complain(migrate_error_message(error));
    if (migrate_has("linked"))
        return 77; /* then they are there from the start, as asked */
    if (before)
        return complain("libsqlite3 is loaded before it is used");
    if (!mapped("libsqlite3"))
        return complain(
            "libsqlite3 is not loaded though it was used: does this test look for the right name?");
    if (mapped("libpq"))
        return complain("libpq is loaded by a program that uses SQLite alone");
    return EXIT_SUCCESS;
}
