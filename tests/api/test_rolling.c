/* SPDX-License-Identifier: MIT
 * A rolling deployment: an old build and a new one meet a schema that is behind, equal, ahead or diverged. What each says, to the
 * word, in each mode, and what is applied then. The table is the contract; `on` says for which engine, where they differ. */
#include "api.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum on { BOTH, SQLITE, POSTGRESQL };

#define AHEAD " applied, but unknown to this build: the database is ahead of it"
#define STOP(id) MIGRATE_ERROR_AHEAD, id ":" AHEAD

static const struct cell {
    const char *build, *schema;
    enum on on;
    const char *ids, *applied; /* of the build's source; of the schema */
    int32_t check;             /* the code ... */
    const char *check_says;    /* ... and the error's message, or the last warning; NULL: there is none */
    int32_t wait;
    const char *wait_says;
    int32_t apply;
    const char *apply_says;
    const char *then;          /* what is applied behind it */
    int32_t again;             /* the same start once more */
} cells[] = {
    {"old", "behind", BOTH, "1 2", "1", MIGRATE_PENDING, "1 migration pending on %s", MIGRATE_ERROR_TIMEOUT,
     "after 1s 1 migration is still pending on %s", MIGRATE_OK, NULL, "1_x 2_x", MIGRATE_OK},
    {"new", "behind", BOTH, "1 2 3", "1", MIGRATE_PENDING, "2 migrations pending on %s", MIGRATE_ERROR_TIMEOUT,
     "after 1s 2 migrations are still pending on %s", MIGRATE_OK, NULL, "1_x 2_x 3_x", MIGRATE_OK},
    {"old", "equal", BOTH, "1 2", "1 2", MIGRATE_OK, NULL, MIGRATE_OK, NULL, MIGRATE_OK, NULL, "1_x 2_x", MIGRATE_OK},
    {"new", "equal", BOTH, "1 2 3", "1 2 3", MIGRATE_OK, NULL, MIGRATE_OK, NULL, MIGRATE_OK, NULL, "1_x 2_x 3_x", MIGRATE_OK},
    {"old", "ahead", POSTGRESQL, "1 2", "1 2 3", MIGRATE_OK, "3_x:" AHEAD, MIGRATE_OK, "3_x:" AHEAD, MIGRATE_OK, "3_x:" AHEAD,
     "1_x 2_x 3_x", MIGRATE_OK},
    {"old", "ahead", SQLITE, "1 2", "1 2 3", STOP("3_x"), STOP("3_x"), STOP("3_x"), "1_x 2_x 3_x", MIGRATE_ERROR_AHEAD},
    {"old", "ahead, breaking", BOTH, "1 2", "1 2 3!", STOP("3_x"), STOP("3_x"), STOP("3_x"), "1_x 2_x 3_x", MIGRATE_ERROR_AHEAD},
    {"new", "ahead", POSTGRESQL, "1 2 3", "1 2 3 4", MIGRATE_OK, "4_x:" AHEAD, MIGRATE_OK, "4_x:" AHEAD, MIGRATE_OK, "4_x:" AHEAD,
     "1_x 2_x 3_x 4_x", MIGRATE_OK},
    {"new", "ahead", SQLITE, "1 2 3", "1 2 3 4", STOP("4_x"), STOP("4_x"), STOP("4_x"), "1_x 2_x 3_x 4_x", MIGRATE_ERROR_AHEAD},
    /* Another branch's 2 is there, and ours is not. What comes behind what it does not know is, from then on, built on it. */
    {"old", "diverged", POSTGRESQL, "1 2", "1 2b", MIGRATE_PENDING, "1 migration pending on %s", MIGRATE_ERROR_TIMEOUT,
     "after 1s 1 migration is still pending on %s", MIGRATE_OK, "2b_x:" AHEAD, "1_x 2b_x 2_x", MIGRATE_ERROR_MISSING},
    {"old", "diverged", SQLITE, "1 2", "1 2b", STOP("2b_x"), STOP("2b_x"), STOP("2b_x"), "1_x 2b_x", MIGRATE_ERROR_AHEAD},
    {"new", "diverged", POSTGRESQL, "1 2 3", "1 2b", MIGRATE_PENDING, "2 migrations pending on %s", MIGRATE_ERROR_TIMEOUT,
     "after 1s 2 migrations are still pending on %s", MIGRATE_OK, "2b_x:" AHEAD, "1_x 2b_x 2_x 3_x", MIGRATE_ERROR_MISSING},
    {"new", "diverged", SQLITE, "1 2 3", "1 2b", STOP("2b_x"), STOP("2b_x"), STOP("2b_x"), "1_x 2b_x", MIGRATE_ERROR_AHEAD},
    /* Another branch's 3 is there, behind which our 2 comes late. */
    {"old", "diverged, late", POSTGRESQL, "1 2", "1 3b", MIGRATE_ERROR_LATE, "2_x: numbered lower than one that is applied already",
     MIGRATE_ERROR_LATE, "2_x: numbered lower than one that is applied already", MIGRATE_ERROR_LATE,
     "2_x: numbered lower than one that is applied already", "1_x 3b_x", MIGRATE_ERROR_LATE},
    {"old", "diverged, late", SQLITE, "1 2", "1 3b", STOP("3b_x"), STOP("3b_x"), STOP("3b_x"), "1_x 3b_x", MIGRATE_ERROR_AHEAD},
};

static char warning[1000];

static int32_t listen(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "warning") == 0)
        snprintf(warning, sizeof warning, "%s", migrate_event_message(event));
    return 0;
}

/* A source of these ids, "!" behind one that is breaking. */
static void make_source(const char *ids)
{
    migrate_source *source = NULL;
    char copy[100], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", ids);
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    for (char *id = strtok_r(copy, " ", &rest); id; id = strtok_r(NULL, " ", &rest)) {
        char name[20], text[200];
        bool breaking = strchr(id, '!') != NULL;
        id[strcspn(id, "!")] = '\0';
        snprintf(name, sizeof name, "%s_x", id);
        snprintf(text, sizeof text, "%sCREATE TABLE t%s (x integer);\n", breaking ? "-- migrate: breaking\n" : "", id);
        ck_assert_int_eq(migrate_source_add(source, name, text, NULL, NULL), MIGRATE_OK);
    }
    api_source(source);
    migrate_source_free(source);
}

static void expect(const struct cell *cell, const char *mode, int32_t expected, const char *says)
{
    char message[1000] = "", label[700];
    warning[0] = '\0';
    int32_t code = api_startup(mode);
    const char *said = code < 0 ? migrate_error_message(api.error) : warning;
    snprintf(label, sizeof label, "%s", api.url);
    if (api.engine == API_POSTGRESQL) { /* without the user */
        const char *at = strchr(api.url, '@');
        snprintf(label, sizeof label, "postgresql://%s", at ? at + 1 : "");
    }
    const char *place = says ? strstr(says, "%s") : NULL;
    if (place)
        snprintf(message, sizeof message, "%.*s%s%s", (int)(place - says), says, label, place + 2);
    else
        snprintf(message, sizeof message, "%s", says ? says : "");
    ck_assert_msg(code == expected && strcmp(said, message) == 0, "%s build, schema %s, mode %s: %s \"%s\", not %s \"%s\"", cell->build,
                  cell->schema, mode, migrate_code_name(code), said, migrate_code_name(expected), message);
}

static void check_cell(const struct cell *cell)
{
    ck_assert_int_eq(migrate_options_set_event(api.options, listen, NULL), MIGRATE_OK);
    make_source(cell->applied);
    API_OK(api_apply());
    make_source(cell->ids);
    api_option("wait_timeout", "1s");
    expect(cell, "check", cell->check, cell->check_says);
    expect(cell, "wait", cell->wait, cell->wait_says);
    api_option("wait_timeout", "20s");
    expect(cell, "apply", cell->apply, cell->apply_says);
    ck_assert_str_eq(api_applied(), cell->then);
    ck_assert_str_eq(api_events("failed"), "0");
    ck_assert_int_eq(api_startup("apply"), cell->again);
    ck_assert_str_eq(api_applied(), cell->then);
}

/* Each in a world of its own. */
START_TEST(test_table)
{
    int checked = 0;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        if (cells[i].on != BOTH && (cells[i].on == SQLITE) != (api.engine == API_SQLITE))
            continue;
        if (checked++ > 0) {
            world_drop();
            world_make();
        }
        check_cell(&cells[i]);
    }
    ck_assert_int_eq(checked, 10);
}
END_TEST

API("rolling", test_table)
