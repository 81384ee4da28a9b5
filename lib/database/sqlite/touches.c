/* SPDX-License-Identifier: MIT
 * What statements touch, as SQLite tells its authorizer when it makes a program of them: tables and columns, those too that are reached
 * through a view or by a trigger. An authorizer is one for a connection, so that this is for own ones alone. */
#include "database/sqlite/connection.h"
#include "util/arena.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

enum { TOUCHES_MOST = 4096 };

struct touch {
    int action;
    const char *table, *column; /* column "": the table as such */
};

struct sqlite_touches {
    struct touch *items;
    size_t count, capacity;
    struct arena arena;
    bool failed;
};

static void forget(struct sqlite_touches *touches)
{
    arena_free(&touches->arena);
    touches->count = 0;
    touches->failed = false;
}

void sqlite_touches_free(struct sqlite_touches *touches)
{
    if (touches == NULL)
        return;
    forget(touches);
    memory_free(touches->items);
    memory_free(touches);
}

static void note(struct sqlite_touches *touches, int action, const char *table, const char *column)
{
    struct touch touch = {.action = action};

    for (size_t i = touches->count; i > 0; i--) {
        const struct touch *known = &touches->items[i - 1];
        if (known->action == action && strcmp(known->table, table) == 0 && strcmp(known->column, column) == 0)
            return;
    }
    if (touches->count >= TOUCHES_MOST)
        return;
    touch.table = arena_text(&touches->arena, table);
    touch.column = arena_text(&touches->arena, column);
    if (touches->arena.failed || !array_reserve(touches))
        touches->failed = true;
    else
        touches->items[touches->count++] = touch;
}

/* Allows everything. */
static int on_touch(void *user, int action, const char *table, const char *column, const char *database, const char *inner)
{
    struct sqlite_touches *touches = user;
    bool rows = action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;

    (void)inner;
    if (rows && table != NULL && text_equal(database, "main") && !text_starts(table, "sqlite_"))
        note(touches, action, table, column != NULL ? column : "");
    return SQLITE_OK;
}

int32_t sqlite_touches_begin(struct database *db, migrate_error **err)
{
    struct sqlite_database *self = (struct sqlite_database *)db;

    if (db->class != &sqlite_connection || db->borrowed || self->api->set_authorizer == NULL)
        return MIGRATE_OK;
    if (self->touches == NULL)
        self->touches = memory_new(sizeof *self->touches);
    if (self->touches == NULL)
        return error_nomem(err);
    forget(self->touches);
    self->api->set_authorizer(self->handle, on_touch, self->touches);
    return MIGRATE_OK;
}

int32_t sqlite_touches_take(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"does", "table", "column"};
    struct sqlite_touches *touches = db->class == &sqlite_connection ? ((struct sqlite_database *)db)->touches : NULL;
    struct migrate_rows *rows = rows_new(columns, 3);

    for (size_t i = 0; touches != NULL && rows != NULL && i < touches->count; i++) {
        const struct touch *touch = &touches->items[i];

        rows_put_text(rows, touch->action == SQLITE_READ ? "read" : touch->action == SQLITE_INSERT ? "insert"
                            : touch->action == SQLITE_UPDATE ? "update" : "delete");
        rows_put_text(rows, touch->table);
        rows_put_text(rows, *touch->column != '\0' ? touch->column : NULL);
    }
    if (touches != NULL && touches->failed) {
        forget(touches);
        rows_free(rows);
        return error_nomem(err);
    }
    if (touches != NULL)
        forget(touches);
    return rows_finish(rows, out, err);
}
