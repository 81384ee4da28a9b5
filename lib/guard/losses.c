/* SPDX-License-Identifier: MIT
 * The list of what texts lose: what they make themselves is no loss, and a table that is made anew under its name is a rebuild. */
#include "guard/destructive.h"

#include "util/array.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

const char *guard_kind_name(enum guard_kind kind)
{
    static const char *const names[GUARD_KINDS] = {
        [GUARD_DROP_TABLE] = "drop-table",   [GUARD_TRUNCATE] = "truncate",       [GUARD_DELETE] = "delete",
        [GUARD_DROP_COLUMN] = "drop-column", [GUARD_COLUMN_TYPE] = "column-type", [GUARD_UPDATE] = "update",
        [GUARD_REPLACE] = "replace",         [GUARD_DROP_MANY] = "drop-many",     [GUARD_DROP_TYPE] = "drop-type",
        [GUARD_DROP_SEQUENCE] = "drop-sequence", [GUARD_REBUILD] = "rebuild",
    };

    return names[kind];
}

/* Parts are set apart by a byte that no name holds. */
enum { BETWEEN = 1 };

const char *guard_key(struct arena *arena, const struct sql_dialect *dialect, const char *name, size_t length)
{
    struct text key = {0};
    const char *result = NULL;
    size_t at = 0;

    while (at < length) {
        struct sql_token token = sql_lex(dialect, name, length, at);
        const char *word = name + token.offset;
        bool quoted = token.kind == SQL_NAME && token.length >= 2;
        char close = quoted ? word[token.length - 1] : '\0';

        if (token.kind == SQL_SYMBOL && *word == '.')
            text_add_char(&key, BETWEEN);
        for (size_t i = quoted; (quoted || token.kind == SQL_WORD) && i < token.length - quoted; i++) {
            bool fold = (!quoted || dialect->bracket_names) && word[i] >= 'A' && word[i] <= 'Z'; /* SQLite's names fold, quoted or not */

            text_add_char(&key, fold ? (char)(word[i] + ('a' - 'A')) : word[i]);
            i += quoted && word[i] == close && i + 2 < token.length && word[i + 1] == close;
        }
        at = token.offset + token.length;
    }
    if (!key.failed)
        result = arena_text(arena, key.data != NULL ? key.data : "");
    arena->failed |= key.failed;
    text_free(&key);
    return result;
}

bool guard_same(const char *a, const char *b)
{
    const char *x = strrchr(a, BETWEEN), *y = strrchr(b, BETWEEN);

    if (x != NULL && y != NULL)
        return strcmp(a, b) == 0;
    return strcmp(x != NULL ? x + 1 : a, y != NULL ? y + 1 : b) == 0;
}

void guard_add(struct guard_losses *losses, const struct guard_loss *loss)
{
    if (!array_reserve(losses)) {
        losses->failed = true;
        return;
    }
    losses->items[losses->count++] = *loss;
}

void guard_note(struct guard_losses *losses, enum guard_note_kind kind, const char *name, const char *other)
{
    if (name == NULL || !array_grow((void **)&losses->notes, &losses->notes_capacity, losses->notes_count + 1, sizeof *losses->notes)) {
        losses->failed = true;
        return;
    }
    losses->notes[losses->notes_count++] = (struct guard_note){kind, name, other};
}

bool guard_noted(const struct guard_losses *losses, enum guard_note_kind kind, const char *name, const char *other)
{
    for (size_t i = 0; i < losses->notes_count; i++) {
        const struct guard_note *note = &losses->notes[i];

        if (note->kind == kind && guard_same(note->name, name) &&
            (other == NULL || (note->other != NULL && guard_same(note->other, other))))
            return true;
    }
    return false;
}

/* SQLite's main is where a name leads to that has no schema. */
static bool exactly(const char *a, const char *b)
{
    const char *main = "main\1";

    return strcmp(text_starts(a, main) ? a + strlen(main) : a, text_starts(b, main) ? b + strlen(main) : b) == 0;
}

static bool is_made(const struct guard_losses *losses, size_t at, const char *name)
{
    const struct guard_note *note = &losses->notes[at];

    return (note->kind == GUARD_MADE || (note->kind == GUARD_TEMPORARY && at >= losses->notes_text)) && exactly(note->name, name);
}

bool guard_made(const struct guard_losses *losses, const char *name)
{
    for (size_t i = 0; i < losses->notes_count; i++) {
        if (is_made(losses, i, name))
            return true;
    }
    return false;
}

static void forget(struct guard_losses *losses, const char *name)
{
    for (size_t i = 0; i < losses->notes_count; i++) {
        if (is_made(losses, i, name))
            losses->notes[i].kind = GUARD_FORGOTTEN;
    }
}

void guard_dropped(struct guard_losses *losses, const char *name)
{
    bool made = guard_made(losses, name);

    forget(losses, name);
    for (size_t i = 0; !made && i < losses->notes_count; i++) {
        if (losses->notes[i].kind == GUARD_COPIED && guard_same(losses->notes[i].name, name))
            forget(losses, losses->notes[i].other);
    }
}

void guard_renamed(struct guard_losses *losses, const char *name, const char *other)
{
    bool made = guard_made(losses, name);

    forget(losses, name);
    guard_note(losses, GUARD_RENAMED, name, other);
    if (made)
        guard_note(losses, GUARD_MADE, other, NULL);
}

/* CREATE new, INSERT INTO new SELECT FROM t, DROP t, RENAME new TO t; or RENAME t TO old, CREATE t, INSERT INTO t SELECT FROM old, DROP old: the
 * rows went into a table that gives its name to the dropped one's place, or whose name that one took. */
static bool is_rebuild(const struct guard_losses *losses, const struct guard_loss *loss)
{
    for (size_t i = losses->notes_text; i < losses->notes_count; i++) {
        const struct guard_note *note = &losses->notes[i];

        if (note->kind == GUARD_RENAMED && guard_same(note->other, loss->key) &&
            guard_noted(losses, GUARD_COPIED, loss->key, note->name))
            return true;
    }
    return false;
}

void guard_text_end(struct guard_losses *losses)
{
    for (size_t i = losses->text; i < losses->count && !losses->failed; i++) {
        struct guard_loss *loss = &losses->items[i];

        if (loss->kind == GUARD_DROP_TABLE && loss->key != NULL && is_rebuild(losses, loss))
            loss->kind = GUARD_REBUILD;
    }
    losses->text = losses->count;
    losses->notes_text = losses->notes_count;
}

bool guard_loses(const struct guard_losses *losses, bool rebuilds)
{
    for (size_t i = 0; i < losses->count; i++) {
        if (rebuilds || losses->items[i].kind != GUARD_REBUILD)
            return true;
    }
    return false;
}

void guard_losses_free(struct guard_losses *losses)
{
    memory_free(losses->items);
    memory_free(losses->notes);
    arena_free(&losses->arena);
    *losses = (struct guard_losses){0};
}
