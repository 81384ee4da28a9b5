/* SPDX-License-Identifier: MIT
 * Settings that migrations may leave behind. On an own connection everything is reset; on a borrowed one
 * only what differs from what the host had is set back. */
#include "database/postgresql/client.h"

#include "util/memory.h"

#include <string.h>

/* In the order in which they are set back: what one role may set, another may not. The transaction's own
 * settings follow their defaults. client_encoding is ours while we work, see below. Behind them what is temporary, with the
 * statement that drops it. */
#define READ_SETTINGS                                                                                        \
    "SELECT name, setting FROM ("                                                                            \
    "SELECT 0 AS rank, 'session_authorization' AS name, session_user::text AS setting "                      \
    "UNION ALL SELECT 1, 'role', pg_catalog.current_setting('role') "                                        \
    "UNION ALL SELECT 2, name, setting FROM pg_catalog.pg_settings WHERE context IN ('user', 'superuser') "  \
    "AND name NOT IN ('client_encoding', 'transaction_isolation', 'transaction_read_only', "                 \
    "'transaction_deferrable') "                                                                             \
    "UNION ALL SELECT 2, 'libmigrate.' || own, coalesce(pg_catalog.current_setting('libmigrate.' || own, "   \
    "true), '') FROM (VALUES ('user'), ('role')) o(own) "                                                    \
    "UNION ALL SELECT 3, oid::text, pg_catalog.format('DROP %s IF EXISTS pg_temp.%I CASCADE', "              \
    "CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname) "                 \
    "FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema() "                          \
    "AND relkind IN ('r', 'p', 'v', 'S') "                                                                   \
    "UNION ALL SELECT 3, '1.' || oid::text, pg_catalog.format('DROP TYPE IF EXISTS pg_temp.%I CASCADE', typname) " \
    "FROM pg_catalog.pg_type t WHERE typnamespace = pg_catalog.pg_my_temp_schema() AND (typtype IN ('e', 'd', 'r') " \
    "OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) "           \
    "UNION ALL SELECT 3, '2.' || oid::text, pg_catalog.format('DROP ROUTINE IF EXISTS pg_temp.%I(%s) CASCADE', proname, " \
    "pg_catalog.pg_get_function_identity_arguments(oid)) "                                                    \
    "FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema()) s ORDER BY rank, name"

#define RESET_SETTINGS "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; UNLISTEN *; DISCARD TEMPORARY"

static const char *client_encoding(const struct postgresql_connection *c)
{
    return c->pq->PQparameterStatus(c->handle, "client_encoding");
}

/* All texts of this library are UTF-8. */
static int32_t use_utf8(struct postgresql_connection *c, migrate_error **err)
{
    char *encoding;

    if (text_equal(client_encoding(c), "UTF8"))
        return MIGRATE_OK;
    encoding = memory_text(client_encoding(c));
    if (encoding == NULL)
        return error_nomem(err);
    memory_free(c->host_encoding);
    c->host_encoding = encoding;
    return database_exec(&c->base, "SET client_encoding TO 'UTF8'", err);
}

int32_t postgresql_settings_save(struct database *db, migrate_error **err)
{
    struct postgresql_connection *c = (struct postgresql_connection *)db;
    struct migrate_rows *rows = NULL;
    int32_t result;

    if (!db->borrowed)
        return MIGRATE_OK;
    result = use_utf8(c, err);
    if (result == MIGRATE_OK)
        result = postgresql_query(db, READ_SETTINGS, &rows, err);
    if (result != MIGRATE_OK)
        return result;
    rows_free(c->saved);
    c->saved = rows;
    return MIGRATE_OK;
}

/* The saved value; NULL if there was no such setting (a library that was loaded since brought it). Both lists
 * have the same order, so it is nearly always at the same place. */
static const char *saved_value(const struct migrate_rows *saved, size_t near, const char *name)
{
    if (text_equal(rows_text(saved, near, 0), name))
        return rows_text(saved, near, 1);
    for (size_t i = 0; i < rows_count(saved); i++)
        if (text_equal(rows_text(saved, i, 0), name))
            return rows_text(saved, i, 1);
    return NULL;
}

static void set_back(struct text *sql, const char *name, const char *value)
{
    text_add(sql, sql->length == 0 ? "SELECT " : ", ");
    text_add(sql, "pg_catalog.set_config(");
    database_postgresql.literal(sql, name, strlen(name));
    text_add(sql, ",");
    database_postgresql.literal(sql, value, strlen(value));
    text_add(sql, ", false)");
}

/* A new user begins without a role, so the role is said again. */
static void add_differences(struct text *sql, const struct migrate_rows *saved,
                            const struct migrate_rows *now)
{
    bool user_differs = false;

    for (size_t i = 0; i < rows_count(now); i++) {
        const char *name = rows_text(now, i, 0);
        const char *value = saved_value(saved, i, name);
        bool differs = value != NULL && !text_equal(value, rows_text(now, i, 1));

        if (differs || (user_differs && value != NULL && text_equal(name, "role")))
            set_back(sql, name, value);
        if (i == 0)
            user_differs = differs;
    }
}

/* Temporary tables hide those of the database by their names. Numbers are theirs alone: no setting's name begins with a digit. */
static void add_drops(struct text *sql, const struct migrate_rows *saved, const struct migrate_rows *now)
{
    for (size_t i = rows_count(now); i > 0 && rows_text(now, i - 1, 0)[0] <= '9'; i--) {
        if (saved_value(saved, i - 1, rows_text(now, i - 1, 0)) != NULL)
            continue;
        if (sql->length > 0)
            text_add(sql, "; ");
        text_add(sql, rows_text(now, i - 1, 1));
    }
}

static int32_t restore_borrowed(struct postgresql_connection *c, migrate_error **err)
{
    struct migrate_rows *now = NULL;
    struct text sql = {0};
    int32_t result = MIGRATE_OK;

    if (c->saved == NULL)
        return MIGRATE_OK;
    result = postgresql_query(&c->base, READ_SETTINGS, &now, err);
    if (result != MIGRATE_OK)
        return result;
    add_differences(&sql, c->saved, now);
    if (c->host_encoding != NULL || !text_equal(client_encoding(c), "UTF8"))
        set_back(&sql, "client_encoding", c->host_encoding != NULL ? c->host_encoding : "UTF8");
    add_drops(&sql, c->saved, now);
    rows_free(now);
    if (sql.length > 0 || sql.failed)
        result = database_exec_text(&c->base, &sql, NULL, err);
    text_free(&sql);
    if (result == MIGRATE_OK) {
        memory_free(c->host_encoding);
        c->host_encoding = NULL;
    }
    return result;
}

int32_t postgresql_settings_restore(struct database *db, migrate_error **err)
{
    if (db->borrowed)
        return restore_borrowed((struct postgresql_connection *)db, err);
    return database_exec(db, RESET_SETTINGS, err);
}
