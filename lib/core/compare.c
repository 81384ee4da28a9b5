/* SPDX-License-Identifier: MIT
 * The build's migrations against the history. */
#include "core/compare.h"

#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

const char *item_state_name(enum item_state state)
{
    static const char *const names[ITEM_STATES] = {"applied", "pending", "late", "modified", "missing", "renamed", "ahead"};
    return names[state];
}

const char *item_id(const struct item *item)
{
    return item->migration ? item->migration->id : item->applied->id;
}

/* Digits as numbers, of any length. */
static int compare_numbers(const char *a, size_t a_length, const char *b, size_t b_length)
{
    for (; a_length > 1 && *a == '0'; a_length--)
        a++;
    for (; b_length > 1 && *b == '0'; b_length--)
        b++;
    if (a_length != b_length)
        return a_length < b_length ? -1 : 1;
    return memcmp(a, b, a_length);
}

static bool is_code(const struct migration *migration)
{
    return migration->up.code != NULL;
}

/* The first pass: what the source has. seen[i] marks the history's items that it knows. */
static int32_t classify_source(const struct source *source, const struct history *history, struct item *items, bool *seen,
                               int64_t *last_known, migrate_error **err)
{
    *last_known = 0;
    for (size_t i = 0; i < source->count; i++) {
        const struct migration *m = &source->items[i];
        const struct applied *a = history_find(history, m->kind == MIGRATION_REPEATABLE, m->id);
        items[i] = (struct item){.migration = m, .trace = history_trace(history, m->id), .state = ITEM_PENDING};
        if (!a)
            continue;
        items[i].applied = a;
        seen[a - history->items] = true;
        if (!a->repeatable && a->seq > *last_known)
            *last_known = a->seq;
        int32_t code = source_checksum(m, err);
        if (code != MIGRATE_OK)
            return code;
        if (strcmp(a->checksum, m->checksum) == 0) {
            items[i].state = ITEM_APPLIED;
        } else if (m->kind == MIGRATION_VERSIONED) {
            items[i].state = ITEM_MODIFIED;
            code = a->token_checksum ? source_tokens(source, m, NULL, err) : MIGRATE_OK;
            if (code != MIGRATE_OK)
                return code;
            items[i].cosmetic = *m->token_checksum && text_equal(a->token_checksum, m->token_checksum);
        }
    }
    return MIGRATE_OK;
}

static int by_checksum(const void *a, const void *b)
{
    const struct item *const *x = a, *const *y = b;
    return strcmp((*x)->migration->checksum, (*y)->migration->checksum);
}

static int order_of_checksum(const void *item, const void *checksum)
{
    return strcmp((*(struct item *const *)item)->migration->checksum, checksum);
}

/* The first of them. */
static struct item **find_checksum(struct item **pending, size_t count, const char *checksum)
{
    bool found;
    size_t at = array_place(pending, count, sizeof *pending, checksum, order_of_checksum, &found);
    return found ? &pending[at] : NULL;
}

/* An applied id that the source does not know, whose text stands there under one pending id, was renamed. Several candidates
 * (empty files, say) prove nothing. */
static int32_t find_renamed(const struct source *source, const struct history *history, struct item *items, bool *seen,
                            migrate_error **err)
{
    size_t count = 0;
    struct item **pending = memory_new((source->count + 1) * sizeof *pending);
    if (!pending)
        return error_nomem(err);
    for (size_t i = 0; i < source->count; i++) {
        if (items[i].state == ITEM_PENDING && !items[i].applied && *items[i].migration->checksum && !is_code(items[i].migration) &&
            items[i].migration->kind == MIGRATION_VERSIONED)
            pending[count++] = &items[i];
    }
    qsort(pending, count, sizeof *pending, by_checksum);
    for (size_t i = 0; i < history->count; i++) {
        const struct applied *a = &history->items[i];
        if (seen[i] || a->repeatable)
            continue;
        struct item **found = find_checksum(pending, count, a->checksum);
        if (!found)
            continue;
        bool alone = found + 1 == pending + count || strcmp(found[1]->migration->checksum, a->checksum) != 0;
        if (!alone || (*found)->state == ITEM_RENAMED)
            continue;
        (*found)->state = ITEM_RENAMED;
        (*found)->applied = a;
        seen[i] = true;
    }
    memory_free(pending);
    return MIGRATE_OK;
}

static void find_late(const struct source *source, const struct history *history, struct item *items)
{
    const char *highest = NULL;
    size_t highest_length = 0;
    for (size_t i = 0; i < history->count; i++) {
        size_t length = history->items[i].repeatable ? 0 : source_number_length(history->items[i].id);
        if (length && (!highest || compare_numbers(history->items[i].id, length, highest, highest_length) > 0)) {
            highest = history->items[i].id;
            highest_length = length;
        }
    }
    for (size_t i = 0; highest && i < source->versioned; i++) {
        const struct migration *m = items[i].migration;
        if (items[i].state != ITEM_PENDING || !m->number || m->out_of_order || (items[i].trace && items[i].trace->removed))
            continue;
        if (compare_numbers(m->number, strlen(m->number), highest, highest_length) < 0)
            items[i].state = ITEM_LATE;
    }
}

static int by_id(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    size_t n = source_number_length(x->applied->id), m = source_number_length(y->applied->id);
    return source_compare_ids(n ? x->applied->id : NULL, x->applied->id, m ? y->applied->id : NULL, y->applied->id);
}

static int unknown_before(const struct item *unknown, const struct migration *migration)
{
    const char *id = unknown->applied->id;
    if ((migration->kind == MIGRATION_REPEATABLE) != unknown->applied->repeatable)
        return !unknown->applied->repeatable;
    return source_compare_ids(source_number_length(id) ? id : NULL, id, migration->number, migration->id) < 0;
}

/* Puts what only the history knows where its id would stand. */
static void merge(const struct item *known, size_t known_count, const struct item *unknown, size_t unknown_count,
                  struct comparison *out)
{
    size_t u = 0;
    for (size_t k = 0; k < known_count; k++) {
        while (u < unknown_count && unknown_before(&unknown[u], known[k].migration))
            out->items[out->count++] = unknown[u++];
        out->items[out->count++] = known[k];
    }
    while (u < unknown_count)
        out->items[out->count++] = unknown[u++];
    for (size_t i = 0; i < out->count; i++)
        out->counts[out->items[i].state]++;
}

static const char *highest_number(const struct source *source)
{
    const char *highest = NULL;
    for (size_t i = 0; i < source->versioned; i++) {
        const char *number = source->items[i].number;
        if (number && (!highest || compare_numbers(number, strlen(number), highest, strlen(highest)) > 0))
            highest = number;
    }
    return highest;
}

/* Its number is above all that the source has: a newer build's, although one of the source's own without a number may have been
 * recorded behind it, in the same run. */
static bool numbered_above(const struct applied *a, const char *highest)
{
    size_t length = a->repeatable ? 0 : source_number_length(a->id);
    return length > 0 && highest && compare_numbers(a->id, length, highest, strlen(highest)) > 0;
}

int32_t compare(const struct source *source, const struct history *history, struct comparison *out, migrate_error **err)
{
    struct comparison result = {0};
    struct item *known = memory_new((source->count + 1) * sizeof *known);
    struct item *unknown = memory_new((history->count + 1) * sizeof *unknown);
    bool *seen = memory_new((history->count + 1) * sizeof *seen);
    size_t unknown_count = 0;
    int64_t last_known;
    int32_t code = MIGRATE_OK;
    result.items = memory_new((source->count + history->count + 1) * sizeof *result.items);
    if (!known || !unknown || !seen || !result.items) {
        code = error_nomem(err);
        goto out;
    }
    code = classify_source(source, history, known, seen, &last_known, err);
    if (code == MIGRATE_OK)
        code = find_renamed(source, history, known, seen, err);
    if (code != MIGRATE_OK)
        goto out;
    find_late(source, history, known);
    const char *highest = history->count > 0 ? highest_number(source) : NULL;
    for (size_t i = 0; i < history->count; i++) {
        const struct applied *a = &history->items[i];
        if (seen[i])
            continue;
        bool ahead = a->seq > last_known || numbered_above(a, highest);
        unknown[unknown_count++] = (struct item){.applied = a, .state = ahead ? ITEM_AHEAD : ITEM_MISSING};
        result.breaking_ahead |= ahead && a->breaking;
    }
    qsort(unknown, unknown_count, sizeof *unknown, by_id);
    merge(known, source->count, unknown, unknown_count, &result);
    *out = result;
    result.items = NULL;
out:
    memory_free(known);
    memory_free(unknown);
    memory_free(seen);
    memory_free(result.items);
    return code;
}

void comparison_free(struct comparison *comparison)
{
    memory_free(comparison->items);
    memset(comparison, 0, sizeof *comparison);
}

/* ---- policies ---- */

static enum policy policy_word(const migrate_session *session, enum option_key key)
{
    if (option_is(session->options, key, "allow"))
        return POLICY_ALLOW;
    return option_is(session->options, key, "warn") ? POLICY_WARN : POLICY_FAIL;
}

enum policy policy_of(const migrate_session *session, const struct comparison *comparison, enum item_state state)
{
    enum policy policy;
    switch (state) {
    case ITEM_MODIFIED:
        return policy_word(session, OPTION_ON_MODIFIED);
    case ITEM_MISSING:
        return policy_word(session, OPTION_ON_MISSING);
    case ITEM_RENAMED:
        return policy_word(session, OPTION_ON_RENAMED);
    case ITEM_LATE:
        return option_is(session->options, OPTION_ORDER, "strict") ? POLICY_FAIL
               : option_is(session->options, OPTION_ORDER, "skip") ? POLICY_WARN
                                                                   : POLICY_ALLOW;
    case ITEM_AHEAD:
        if (option_is(session->options, OPTION_ON_AHEAD, "auto"))
            policy = session->db->engine->ahead_fails ? POLICY_FAIL : POLICY_WARN;
        else
            policy = policy_word(session, OPTION_ON_AHEAD);
        return policy == POLICY_WARN && comparison->breaking_ahead ? POLICY_FAIL : policy;
    case ITEM_APPLIED:
    case ITEM_PENDING:
    case ITEM_STATES:
        break;
    }
    return POLICY_ALLOW;
}

static const struct {
    int32_t code;
    const char *what, *hint;
} complaints[ITEM_STATES] = {
    [ITEM_LATE] = {MIGRATE_ERROR_LATE, "numbered lower than one that is applied already",
                   "rename it to the next number, put \"-- migrate: out-of-order\" into it, or set order=any (order=skip leaves it out)"},
    [ITEM_MODIFIED] = {MIGRATE_ERROR_MODIFIED, "changed since it was applied",
                       "bring the old text back and write a new migration, or say that the new text is right: mark --accept-checksum REASON"},
    [ITEM_MISSING] = {MIGRATE_ERROR_MISSING, "applied, but not in the source",
                      "bring the file back, or take it out of the history: mark ID --forgotten --reason TEXT"},
    [ITEM_RENAMED] = {MIGRATE_ERROR_RENAMED, "applied under another id", "bring the old name back, or record the new one: mark --renamed"},
    [ITEM_AHEAD] = {MIGRATE_ERROR_AHEAD, "applied, but unknown to this build: the database is ahead of it",
                    "run the newer build, roll back with it, or set on_ahead=warn if this build works with the newer schema"},
};

const char *policy_what(enum item_state state)
{
    return complaints[state].what;
}

const char *policy_hint(enum item_state state)
{
    return complaints[state].hint;
}

int32_t policy_error(const struct comparison *comparison, enum item_state state, migrate_error **err)
{
    enum { SHOWN = 20 };
    size_t shown = 0, total = comparison->counts[state];
    int32_t code = complaints[state].code;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct item *item = &comparison->items[i];
        if (item->state != state)
            continue;
        if (shown == 0) {
            error_set(err, code, "%s%s: %s", item_id(item), total > 1 ? " and others" : "", complaints[state].what);
            error_hint(err, "%s", complaints[state].hint);
            error_id(err, item_id(item));
            error_place(err, item->migration ? item->migration->up.file : NULL, 0, 0);
        }
        if (++shown > SHOWN) {
            error_detail_add(err, "... and %zu more", total - SHOWN);
            break;
        }
        if (state == ITEM_RENAMED)
            error_detail_add(err, "%s is applied as %s", item_id(item), item->applied->id);
        else if (state == ITEM_MODIFIED)
            error_detail_add(err, "%s: %s", item_id(item),
                             item->cosmetic ? "only comments or white space changed" : "statements changed");
        else if (state == ITEM_AHEAD && item->applied->breaking)
            error_detail_add(err, "%s (breaking: old builds must not run beyond it)", item_id(item));
        else if (total > 1)
            error_detail_add(err, "%s", item_id(item));
    }
    return code;
}
