/* SPDX-License-Identifier: MIT
 * Reading targets. */
#include "core/target.h"

#include "util/text.h"

#include <string.h>

static bool item_versioned(const struct item *item)
{
    return item->migration ? item->migration->kind == MIGRATION_VERSIONED : !item->applied->repeatable;
}

static bool all_digits(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && source_number_length(text) == length;
}

static bool same_number(const char *number, const char *id)
{
    size_t length = source_number_length(id);
    if (length == 0)
        return false;
    for (; *number == '0' && number[1]; number++)
        ;
    for (; length > 1 && *id == '0'; length--)
        id++;
    return strlen(number) == length && memcmp(number, id, length) == 0;
}

/* Exact id first, then the number, then a prefix: each must fit one migration only. */
static int32_t find_item(const struct comparison *comparison, const char *text, const struct item **out, migrate_error **err)
{
    for (int pass = 0; pass < 3; pass++) {
        const struct item *found = NULL;
        for (size_t i = 0; i < comparison->count; i++) {
            const struct item *item = &comparison->items[i];
            const char *id = item_id(item);
            if (!item_versioned(item))
                continue;
            bool fits = pass == 0   ? strcmp(id, text) == 0
                        : pass == 1 ? all_digits(text) && same_number(text, id)
                                    : text_starts(id, text);
            if (!fits)
                continue;
            if (found) {
                error_set(err, MIGRATE_ERROR_TARGET, "target \"%s\" fits several migrations: %s, %s", text, item_id(found), id);
                error_hint(err, "write more of the id");
                return MIGRATE_ERROR_TARGET;
            }
            found = item;
        }
        if (found) {
            *out = found;
            return MIGRATE_OK;
        }
    }
    error_set(err, MIGRATE_ERROR_TARGET, "there is no migration \"%s\"", text);
    error_hint(err, "status lists the ids; a target may be an id, its beginning, its number, +N, -N or empty");
    return MIGRATE_ERROR_TARGET;
}

static int32_t read_steps(const char *text, int64_t *out, migrate_error **err)
{
    int64_t n = 0;
    bool number = true;
    for (const char *p = text + 1; *p && number; p++) {
        number = *p >= '0' && *p <= '9' && n <= 1000000;
        n = n * 10 + (*p - '0');
    }
    if (!number || n == 0) {
        error_set(err, MIGRATE_ERROR_TARGET, "target \"%s\": a sign must be followed by a number of steps", text);
        error_hint(err, "+1 is the next migration, -1 the last one");
        return MIGRATE_ERROR_TARGET;
    }
    *out = *text == '-' ? -n : n;
    return MIGRATE_OK;
}

int32_t target_read(const struct comparison *comparison, const char *text, struct target *out, migrate_error **err)
{
    *out = (struct target){0};
    if (!text || !*text)
        return MIGRATE_OK;
    if (*text == '+' || *text == '-') {
        out->kind = TARGET_STEPS;
        return read_steps(text, &out->steps, err);
    }
    if (strcmp(text, "empty") == 0) {
        out->kind = TARGET_EMPTY;
        return MIGRATE_OK;
    }
    out->kind = text_starts(text, "only:") ? TARGET_ONLY : TARGET_ID;
    return find_item(comparison, out->kind == TARGET_ONLY ? text + 5 : text, &out->item, err);
}
