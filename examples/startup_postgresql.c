/* SPDX-License-Identifier: MIT
 * Start-up on PostgreSQL: one call before the service takes its first request. However many copies start at
 * once, one of them migrates and the others wait for it.
 *
 *     startup_postgresql migrations-sample postgresql://app@localhost/app
 *     DATABASE_URL=postgresql://app@localhost/app startup_postgresql migrations-sample
 */
#include <migrate.h>

#include <inttypes.h>
#include <stdio.h>

/* Everything that the library has to say goes through here: which lock is waited for, what runs now. */
static int32_t on_event(const migrate_event *event, void *user)
{
    (void)user;
    fprintf(stderr, "%s: %s\n", migrate_event_level(event), migrate_event_message(event));
    return 0; /* anything else would cancel */
}

static int32_t configure(migrate_options *options, const char *dir, migrate_error **err)
{
    /* MIGRATE_<OPTION> and DATABASE_URL; the library reads the environment here and nowhere else. What is
     * set behind this line is the program's word and not the environment's. */
    int32_t code = migrate_options_from_environment(options, err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "dir", dir, err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "wait_timeout", "2min", err);
    if (code == MIGRATE_OK)
        code = migrate_options_set_event(options, on_event, NULL);
    return code;
}

int main(int argc, char **argv)
{
    migrate_options *options = NULL;
    migrate_rows *report = NULL;
    migrate_error *err = NULL;
    int32_t code;

    if (argc < 2) {
        fprintf(stderr, "usage: startup_postgresql DIR [URL]\n");
        return 64;
    }
    code = migrate_options_new(&options, &err);
    if (code == MIGRATE_OK)
        code = configure(options, argv[1], &err);
    if (code == MIGRATE_OK) /* without a URL in the arguments: the one of the environment */
        code = migrate_startup(argc > 2 ? argv[2] : NULL, options, &report, &err);

    if (code == MIGRATE_OK) {
        const char *to = migrate_rows_value_text(report, "to");
        printf("%" PRId64 " applied, the database is at %s\n", migrate_rows_value_int(report, "applied"),
               to ? to : "(empty)");
        /* ... and here the service would begin to serve. */
    } else {
        char *text = NULL;
        if (migrate_error_text(err, &text) == MIGRATE_OK)
            fprintf(stderr, "%s\n", text);
        migrate_free(text);
    }
    migrate_error_free(err);
    migrate_rows_free(report);
    migrate_options_free(options);
    return code == MIGRATE_OK ? 0 : 1;
}
