/* SPDX-License-Identifier: MIT
 * From files to migrations: up and down of one id belong together, an engine's own file goes before the
 * general one, and what is there twice is refused. */
#include "source/build.h"

#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>

int32_t build_add(struct source_build *build, const struct found_text *found, migrate_error **err)
{
    if (!array_reserve(&build->found))
        return error_nomem(err);
    build->found.items[build->found.count++] = *found;
    return MIGRATE_OK;
}

int32_t build_add_file(struct source_build *build, const char *name, bool repeatable, const struct source_file *file,
                       size_t origin, migrate_error **err)
{
    struct file_name parts;
    struct found_text found = {.place = file->path, .origin = origin};
    int32_t code = name_read(build->source->private->layout, name, repeatable, file->path, &parts, err);

    if (code != MIGRATE_OK || parts.kind == NAME_IGNORED)
        return code;
    found.kind = parts.kind;
    found.direction = parts.direction;
    found.engine = parts.engine;
    found.id = parts.kind == NAME_SCHEMA ? "" : arena_text_n(build->arena, name, parts.id_length);
    if (!found.id)
        return error_nomem(err);
    found.section = (struct section){.present = true, .file = file->path, .bytes = file};
    return build_add(build, &found, err);
}

static int compare_found(const void *left, const void *right)
{
    const struct found_text *a = left, *b = right;
    int order = strcmp(a->id, b->id);

    if (order == 0)
        order = (int)a->direction - (int)b->direction;
    if (order == 0 && (a->engine || b->engine))
        order = strcmp(a->engine ? a->engine : "", b->engine ? b->engine : "");
    if (order == 0)
        order = strcmp(a->place, b->place);
    return order;
}

static int32_t refuse_twice(const struct found_text *a, const struct found_text *b, migrate_error **err)
{
    int32_t code;

    if (a->kind == NAME_SCHEMA)
        code = error_set(err, MIGRATE_ERROR_DUPLICATE, "the schema is given twice: %s and %s", a->place,
                         b->place);
    else if (text_equal(a->place, b->place))
        code = error_set(err, MIGRATE_ERROR_DUPLICATE, "the migration \"%s\" was added twice", a->id);
    else
        code = error_set(err, MIGRATE_ERROR_DUPLICATE, "two migrations have the id \"%s\": %s and %s", a->id,
                         a->place, b->place);
    error_hint(err, "remove or rename one of them");
    error_about(err, "duplicate");
    if (a->kind != NAME_SCHEMA)
        error_id(err, a->id);
    error_place(err, b->place, 0, 0);
    return code;
}

/* Files of one id, items sorted: nothing twice, all from one place. */
static int32_t check_group(const struct source_build *build, const struct found_text *items, size_t count, migrate_error **err)
{
    for (size_t i = 1; i < count; i++) {
        const struct found_text *a = &items[i - 1], *b = &items[i];

        if (a->origin != b->origin || a->kind != b->kind ||
            (a->direction == b->direction && text_equal(a->engine, b->engine))) {
            migrate_error *problem = NULL;
            int32_t code = source_pass(build->options, refuse_twice(a, b, &problem), &problem, err);

            if (code != MIGRATE_OK)
                return code;
        }
    }
    return MIGRATE_OK;
}

/* The file of this direction for the engine; NULL: there is none. */
static const struct found_text *choose(const struct found_text *items, size_t count, enum direction direction,
                                  const char *engine)
{
    const struct found_text *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (items[i].direction == direction &&
            (text_equal(items[i].engine, engine) || (!items[i].engine && !best)))
            best = &items[i];
    return best;
}

static int32_t refuse_lonely_down(const struct found_text *down, migrate_error **err)
{
    int32_t code = error_set(err, MIGRATE_ERROR_SOURCE, "%s has no up file beside it", down->place);

    error_hint(err, "add %s.sql or %s.up.sql, or remove the down file", down->id, down->id);
    error_id(err, down->id);
    error_about(err, "lonely-down");
    error_place(err, down->place, 0, 0);
    return code;
}

/* "code:" and the version; its digest where it is too long, so that a change at its end counts too. */
static void code_checksum(const char *version, char out[DIGEST_HEX])
{
    static const char prefix[] = "code:";
    char hex[DIGEST_HEX];

    if (strlen(version) > DIGEST_HEX - sizeof prefix) {
        digest_hex_of(version, strlen(version), hex);
        version = hex;
    }
    memset(out, 0, DIGEST_HEX);
    memcpy(out, prefix, sizeof prefix - 1);
    for (size_t i = sizeof prefix - 1; i < DIGEST_HEX - 1 && *version; i++)
        out[i] = *version++;
}

static int32_t add_schema(struct source_build *build, const struct found_text *up)
{
    struct source_schema *schema = &build->source->schema;

    *schema = (struct source_schema){.present = true, .up = up->section, .stands_for = up->stands_for};
    if (up->section.code)
        code_checksum(up->version, schema->checksum);
    return MIGRATE_OK;
}

static int32_t add_migration(struct source_build *build, const struct found_text *up, const struct found_text *down,
                             migrate_error **err)
{
    struct source *source = build->source;
    struct migration *migration = &source->items[source->count];
    size_t digits = source_number_length(up->id);
    const char *rest = up->id + digits;

    migration->kind = up->kind == NAME_REPEATABLE ? MIGRATION_REPEATABLE : MIGRATION_VERSIONED;
    migration->id = up->id;
    if (digits > 0) {
        migration->number = arena_text_n(build->arena, up->id, digits);
        if (!migration->number)
            return error_nomem(err);
        if (*rest && strchr(source->private->layout->separators, *rest))
            rest++;
    }
    migration->name = rest;
    migration->up = up->section;
    if (down)
        migration->down = down->section;
    if (up->section.code)
        code_checksum(up->version, migration->checksum);
    source->count++;
    if (migration->kind == MIGRATION_VERSIONED)
        source->versioned++;
    return MIGRATE_OK;
}

static int32_t add_group(struct source_build *build, const struct found_text *items, size_t count, migrate_error **err)
{
    const char *engine = build->options->engine;
    const struct found_text *up = choose(items, count, DIRECTION_UP, engine);
    const struct found_text *down = choose(items, count, DIRECTION_DOWN, engine);
    int32_t code = check_group(build, items, count, err);

    if (code != MIGRATE_OK)
        return code;
    if (!up && items[0].direction == DIRECTION_DOWN) { /* sorted: no up file of any engine */
        migrate_error *problem = NULL;

        return source_pass(build->options, refuse_lonely_down(&items[0], &problem), &problem, err);
    }
    if (up && up->kind == NAME_SCHEMA)
        return add_schema(build, up);
    if (up)
        return add_migration(build, up, down, err);
    if (items[0].kind == NAME_SCHEMA)
        return MIGRATE_OK;
    if (!array_reserve(&build->elsewhere))
        return error_nomem(err);
    build->elsewhere.items[build->elsewhere.count++] = items[0].id;
    return MIGRATE_OK;
}

static int compare_migrations(const void *left, const void *right)
{
    const struct migration *a = left, *b = right;

    if (a->kind != b->kind)
        return a->kind == MIGRATION_VERSIONED ? -1 : 1;
    return source_compare_ids(a->number, a->id, b->number, b->id);
}

static int32_t check_numbers(const struct source_build *build, migrate_error **err)
{
    const struct source *source = build->source;

    for (size_t i = 1; i < source->versioned && !build->options->allow_duplicate_numbers; i++) {
        const struct migration *a = &source->items[i - 1], *b = &source->items[i];
        migrate_error *problem = NULL;
        int32_t code;

        if (!a->number || !b->number || !same_number(a->number, b->number))
            continue;
        code = error_set(&problem, MIGRATE_ERROR_DUPLICATE, "two migrations have the number %s: %s and %s",
                         b->number, a->up.file, b->up.file);
        error_hint(&problem, "renumber the one that no database has yet, or set duplicate_numbers=allow");
        error_id(&problem, b->id);
        error_about(&problem, "duplicate");
        error_place(&problem, b->up.file, 0, 0);
        code = source_pass(build->options, code, &problem, err);
        if (code != MIGRATE_OK)
            return code;
    }
    return MIGRATE_OK;
}

int32_t build_pair(struct source_build *build, migrate_error **err)
{
    struct found_list *found = &build->found;
    struct source *source = build->source;
    int32_t code = MIGRATE_OK;

    if (found->count == 0)
        return MIGRATE_OK;
    if (found->count > SIZE_MAX / sizeof *source->items)
        return error_nomem(err);
    source->items = memory_new(found->count * sizeof *source->items);
    if (!source->items)
        return error_nomem(err);
    qsort(found->items, found->count, sizeof *found->items, compare_found);
    for (size_t i = 0, next; i < found->count && code == MIGRATE_OK; i = next) {
        for (next = i + 1; next < found->count && text_equal(found->items[i].id, found->items[next].id);)
            next++;
        code = add_group(build, &found->items[i], next - i, err);
    }
    if (code == MIGRATE_OK) {
        qsort(source->items, source->count, sizeof *source->items, compare_migrations);
        code = check_numbers(build, err);
    }
    return code;
}
