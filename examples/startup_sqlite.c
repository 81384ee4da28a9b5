/* SPDX-License-Identifier: MIT
 * Start-up on SQLite with the migrations inside the program: no files beside it, nothing to deploy but
 * itself. migrations.c is made at build time by `migratectl embed migrations-sample`: see meson.build.
 *
 *     startup_sqlite [URL]      for example sqlite:app.db
 */
#include <migrate.h>

#include <stdio.h>

/* What migrations.c defines. */
int32_t sample_migrations_add(migrate_source *source, migrate_error **out_err);

static int32_t bring_up_to_date(const char *url, migrate_rows **report, migrate_error **err)
{
    migrate_source *source = NULL;
    migrate_options *options = NULL;

    int32_t code = migrate_source_new(&source, err);
    if (code == MIGRATE_OK)
        code = sample_migrations_add(source, err);
    if (code == MIGRATE_OK)
        code = migrate_options_new(&options, err);
    if (code == MIGRATE_OK)
        code = migrate_options_set_source(options, source, err);
    if (code == MIGRATE_OK)
        code = migrate_startup(url, options, report, err);

    migrate_options_free(options);
    migrate_source_free(source);
    return code;
}

static int start(const char *url)
{
    migrate_rows *report = NULL;
    migrate_error *err = NULL;

    if (bring_up_to_date(url, &report, &err) != MIGRATE_OK) {
        char *text = NULL;
        if (migrate_error_text(err, &text) == MIGRATE_OK)
            fprintf(stderr, "%s\n", text);
        migrate_free(text);
        migrate_error_free(err);
        return 1;
    }
    for (size_t i = 0; i < migrate_rows_count(report); i++)
        printf("  %s\n", migrate_rows_text(report, i, migrate_rows_column_index(report, "id")));
    printf("%s; the database is at %s\n",
           migrate_rows_value_int(report, "changed") ? "brought up to date" : "nothing to do",
           migrate_rows_value_text(report, "to"));
    migrate_rows_free(report);
    return 0;
}

int main(int argc, char **argv)
{
    return start(argc > 1 ? argv[1] : "sqlite::memory:");
}
