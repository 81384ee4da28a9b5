/* SPDX-License-Identifier: MIT
 * Migrations on a handle that the program already owns: libmigrate works through the program's own copy of
 * SQLite, leaves the handle open, and leaves its settings as they were.
 *
 *     own_handle [FILE]
 */
#include <migrate.h>
#include <migrate_sqlite3.h>

#include <sqlite3.h>
#include <stdio.h>

static int32_t add_migrations(migrate_source *source, migrate_error **err)
{
    int32_t code = migrate_source_add(source, "001_create_notes",
                                      "CREATE TABLE notes (id integer PRIMARY KEY, text text NOT NULL);",
                                      "DROP TABLE notes;", err);
    if (code == MIGRATE_OK)
        code = migrate_source_add(source, "002_add_pinned",
                                  "ALTER TABLE notes ADD COLUMN pinned boolean NOT NULL DEFAULT false;",
                                  "ALTER TABLE notes DROP COLUMN pinned;", err);
    return code;
}

/* The whole of libmigrate in this program. */
static int32_t bring_up_to_date(sqlite3 *db, migrate_error **err)
{
    migrate_options *options = NULL;
    migrate_source *source = NULL;
    migrate_session *session = NULL;

    int32_t code = migrate_source_new(&source, err);
    if (code == MIGRATE_OK)
        code = add_migrations(source, err);
    if (code == MIGRATE_OK)
        code = migrate_options_new(&options, err);
    if (code == MIGRATE_OK)
        code = migrate_options_set_source(options, source, err);
    if (code == MIGRATE_OK)
        code = migrate_open_sqlite3(db, options, &session, err);
    if (code == MIGRATE_OK)
        code = migrate_startup_session(session, NULL, err);

    migrate_close(session); /* gives the handle back; it stays open */
    migrate_options_free(options);
    migrate_source_free(source);
    return code;
}

/* The program goes on with its own handle: a note is written into the new table, foreign keys are still on.
 */
static int use(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int foreign_keys = 0;

    if (sqlite3_exec(db, "INSERT INTO notes (text, pinned) VALUES ('it works', true)", NULL, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(db, "PRAGMA foreign_keys", -1, &statement, NULL) != SQLITE_OK) {
        fprintf(stderr, "own_handle: %s\n", sqlite3_errmsg(db));
        return 1;
    }
    if (sqlite3_step(statement) == SQLITE_ROW)
        foreign_keys = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    printf("note %lld written, foreign keys are %s\n", (long long)sqlite3_last_insert_rowid(db),
           foreign_keys ? "on, as before" : "off");
    return foreign_keys && sqlite3_get_autocommit(db) ? 0 : 1;
}

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    migrate_error *err = NULL;
    int status = 1;

    if (sqlite3_open(argc > 1 ? argv[1] : ":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "own_handle: %s\n", sqlite3_errmsg(db));
    } else if (bring_up_to_date(db, &err) != MIGRATE_OK) {
        char *text = NULL;
        if (migrate_error_text(err, &text) == MIGRATE_OK)
            fprintf(stderr, "%s\n", text);
        migrate_free(text);
        migrate_error_free(err);
    } else {
        status = use(db);
    }
    sqlite3_close(db);
    return status;
}
