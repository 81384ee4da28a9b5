/* SPDX-License-Identifier: MIT
 * Queries that the server plans once. Of a scratch database the facts are asked behind each statement, and planning that query takes as long
 * as running it. On other connections nothing is left behind. */
#include "database/postgresql/client.h"
#include "util/memory.h"

enum { USES = 50 }; /* then it is planned anew, because the schema has grown */

/* One of our own: not a host's, and not inside of somebody's transaction. */
static struct postgresql_connection *scratch_of(struct database *db)
{
    struct postgresql_connection *c = db->class == &postgresql_connection_class ? (struct postgresql_connection *)db : NULL;

    return c != NULL && c->scratch != NULL ? c : NULL;
}

/* A migration may say DEALLOCATE ALL. */
static int32_t is_there(struct database *db, int which, bool *out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, "SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE name = 'libmigrate_planned_%d')", which);
    rc = database_ask(db, &sql, out, err);
    text_free(&sql);
    return rc;
}

static int32_t plan(struct postgresql_connection *c, int which, const struct text *sql, bool there, migrate_error **err)
{
    struct postgresql_planned *planned = &c->planned[which];
    struct text prepare = {0};
    int32_t rc;

    memory_free(planned->sql);
    planned->uses = 0;
    planned->sql = memory_text(sql->data);
    if (planned->sql == NULL)
        return error_nomem(err);
    if (there)
        text_format(&prepare, "DEALLOCATE libmigrate_planned_%d; ", which);
    text_format(&prepare, "PREPARE libmigrate_planned_%d AS ", which);
    text_add_n(&prepare, sql->data, sql->length);
    rc = database_exec_text(&c->base, &prepare, NULL, err);
    text_free(&prepare);
    return rc;
}

int32_t postgresql_query_planned(struct database *db, int which, const struct text *sql, struct migrate_rows **out, migrate_error **err)
{
    struct postgresql_connection *c = scratch_of(db);
    struct text execute = {0};
    bool there = false;
    int32_t rc;

    if (c == NULL || sql->failed || sql->data == NULL)
        return database_query(db, sql, out, err);
    rc = is_there(db, which, &there, err);
    if (rc == MIGRATE_OK && (!there || !text_equal(c->planned[which].sql, sql->data) || c->planned[which].uses >= USES))
        rc = plan(c, which, sql, there, err);
    if (rc != MIGRATE_OK)
        return rc;
    c->planned[which].uses++;
    text_format(&execute, "EXECUTE libmigrate_planned_%d", which);
    rc = database_query(db, &execute, out, err);
    text_free(&execute);
    return rc;
}

void postgresql_planned_free(struct postgresql_connection *connection)
{
    for (int i = 0; i < POSTGRESQL_PLANNED; i++)
        memory_free(connection->planned[i].sql);
}
