/* SPDX-License-Identifier: MIT
 * Databases of a test on a server, and what is to be seen in them. */
#include "frame_postgresql.h"

#include <string.h>
#include <unistd.h>

struct database *frame_open_url(const char *url)
{
    struct database_options options = {.application_name = "test"};
    struct database *db = NULL;
    migrate_error *err = NULL;

    if (database_open(url, &options, &db, &err) != MIGRATE_OK)
        frame_die("no database: %s", err->message);
    return db;
}

static void database_name(struct text *out, const char *which)
{
    text_format(out, "migrate_random_%d_%s", (int)getpid(), which);
}

/* A database of the test's own on that server. */
struct database *frame_make_database(struct database *server, const char *url, const char *which)
{
    const char *host = strstr(url, "://"), *path = host != NULL ? strchr(host + 3, '/') : NULL, *rest = strchr(url, '?');
    struct text name = {0}, text = {0};
    struct database *db;

    database_name(&name, which);
    text_format(&text, "CREATE DATABASE %s TEMPLATE template0", name.data);
    frame_run(server, text.data);
    text_clear(&text);
    text_format(&text, "%.*s/%s%s", (int)(path != NULL ? path - url : (long)strcspn(url, "?")), url, name.data, rest != NULL ? rest : "");
    db = frame_open_url(text.data);
    text_free(&name);
    text_free(&text);
    return db;
}

void frame_drop_database(struct database *server, struct database *db, const char *which)
{
    struct text name = {0}, text = {0};

    database_close(db);
    database_name(&name, which);
    text_format(&text, "DROP DATABASE %s", name.data);
    frame_run(server, text.data);
    text_free(&name);
    text_free(&text);
}

const struct database_facts_wish frame_wish = {.schema = "public", .table = "libmigrate_history"};

struct facts frame_facts_of(struct database *db)
{
    struct facts facts = {0};
    migrate_error *err = NULL;

    if (facts_read(db, &frame_wish, &facts, &err) != MIGRATE_OK)
        frame_die("facts: %s", err->message);
    return facts;
}

/* Made, read and forgotten. */
struct facts frame_facts_made(struct database *db, const struct text *sql)
{
    struct facts facts;

    frame_run(db, "BEGIN");
    if (sql->length > 0)
        frame_run(db, sql->data);
    facts = frame_facts_of(db);
    frame_run(db, "ROLLBACK");
    return facts;
}

char *frame_ask(struct database *db, const char *sql)
{
    struct migrate_rows *rows = NULL;
    migrate_error *err = NULL;

    if (db->class->query(db, sql, &rows, &err) != MIGRATE_OK)
        frame_die("%s\n%s", sql, err->message);
    return frame_lines(rows);
}

/* ---- schemas ---- */

/* Columns stand where they should. */
bool frame_in_order(const struct facts *is, const struct facts *wanted)
{
    for (size_t i = 0; i < is->count; i++) {
        const struct fact *fact = &is->items[i], *other;
        if (strcmp(fact->kind, "column position") != 0)
            continue;
        other = facts_find(wanted, fact->kind, fact->ident);
        if (other == NULL || strcmp(fact->value, other->value) != 0)
            return false;
    }
    return true;
}
