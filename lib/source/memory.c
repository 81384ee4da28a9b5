/* SPDX-License-Identifier: MIT
 * Migrations that the host holds in memory: files, texts and code. Kept as they were given and read when a
 * source is opened, by the same readers as a directory's files. */
#include "source/build.h"

#include "util/array.h"
#include "util/memory.h"

#include <stdatomic.h>

enum item_kind { ITEM_FILE, ITEM_TEXTS, ITEM_CODE, ITEM_SCHEMA };

struct memory_item {
    enum item_kind kind;
    char *id; /* of a file: its path; of a schema: the id that it stands for */
    char *up, *down;
    size_t up_length;
    char *version;
    migrate_code_fn up_code, down_code;
    void *user;
};

struct migrate_source {
    atomic_int references;
    struct memory_item *items;
    size_t count, capacity;
};

static void free_item(struct memory_item *item)
{
    memory_free(item->id);
    memory_free(item->up);
    memory_free(item->down);
    memory_free(item->version);
}

/* Takes the item over, also on failure. */
static int32_t add_item(migrate_source *source, struct memory_item *item, bool complete, migrate_error **err)
{
    if (!complete || !array_reserve(source)) {
        free_item(item);
        return error_nomem(err);
    }
    source->items[source->count++] = *item;
    return MIGRATE_OK;
}

int32_t memory_source_new(migrate_source **out, migrate_error **err)
{
    migrate_source *source = memory_new(sizeof *source);

    if (!source)
        return error_nomem(err);
    atomic_init(&source->references, 1);
    *out = source;
    return MIGRATE_OK;
}

migrate_source *memory_source_ref(migrate_source *source)
{
    if (source)
        atomic_fetch_add(&source->references, 1);
    return source;
}

void memory_source_unref(migrate_source *source)
{
    if (!source || atomic_fetch_sub(&source->references, 1) > 1)
        return;
    for (size_t i = 0; i < source->count; i++)
        free_item(&source->items[i]);
    memory_free(source->items);
    memory_free(source);
}

/* The file name of a path, which may lie in the folder of repeatable files and in no other. */
static const char *split_path(const struct layout *layout, const char *path, bool *repeatable)
{
    size_t length = strlen(layout->repeatable);

    *repeatable = text_starts(path, layout->repeatable) && path[length] == '/';
    return *repeatable ? path + length + 1 : path;
}

static int32_t check_path(const char *path, migrate_error **err)
{
    struct file_name parts = {0};
    bool repeatable;
    const char *name = split_path(&layout_native, path, &repeatable);
    int32_t code = MIGRATE_OK;

    if (!strchr(name, '/'))
        code = name_read(&layout_native, name, repeatable, path, &parts, err);
    if (code == MIGRATE_OK && parts.kind == NAME_IGNORED) {
        code = error_set(err, MIGRATE_ERROR_SOURCE, "\"%s\" is not the path of a migration", path);
        error_hint(err, "a path looks like 001_create_users.sql, repeatable/views.sql or schema.sql");
        error_place(err, path, 0, 0);
    }
    return code;
}

int32_t memory_source_add_file(migrate_source *source, const char *path, const char *text, size_t length,
                               migrate_error **err)
{
    struct memory_item item = {.kind = ITEM_FILE, .up_length = length};
    int32_t code = check_path(path, err);

    if (code != MIGRATE_OK)
        return code;
    item.id = memory_text(path);
    item.up = memory_text_n(text, length);
    return add_item(source, &item, item.id && item.up, err);
}

int32_t memory_source_add(migrate_source *source, const char *id, const char *up, const char *down,
                          migrate_error **err)
{
    struct memory_item item = {.kind = ITEM_TEXTS, .up_length = strlen(up)};
    int32_t code = name_check_id(&layout_native, id, err);

    if (code != MIGRATE_OK)
        return code;
    item.id = memory_text(id);
    item.up = memory_text(up);
    item.down = memory_text(down);
    return add_item(source, &item, item.id && item.up && (item.down || !down), err);
}

int32_t memory_source_add_code(migrate_source *source, const char *id, const char *version,
                               migrate_code_fn up, migrate_code_fn down, void *user, migrate_error **err)
{
    struct memory_item item = {.kind = ITEM_CODE, .up_code = up, .down_code = down, .user = user};
    int32_t code = name_check_id(&layout_native, id, err);

    if (code != MIGRATE_OK)
        return code;
    item.id = memory_text(id);
    item.version = memory_text(version);
    return add_item(source, &item, item.id && item.version, err);
}

int32_t memory_source_set_schema_code(migrate_source *source, const char *stands_for, migrate_code_fn create,
                                      void *user, migrate_error **err)
{
    struct memory_item item = {.kind = ITEM_SCHEMA, .up_code = create, .user = user};

    item.id = memory_text(stands_for);
    if (!item.id)
        return error_nomem(err);
    for (size_t i = 0; i < source->count; i++) {
        if (source->items[i].kind == ITEM_SCHEMA) {
            free_item(&source->items[i]);
            source->items[i] = item;
            return MIGRATE_OK;
        }
    }
    return add_item(source, &item, true, err);
}

/* ---- collecting ---- */

static struct source_file *new_file(struct source_build *build, const char *path, const char *text, size_t length)
{
    struct source_file *file = arena_new(build->arena, sizeof *file);

    if (file)
        *file = (struct source_file){.path = path, .text = text, .length = length};
    return file;
}

static int32_t collect_file(struct source_build *build, const struct memory_item *item, migrate_error **err)
{
    struct source_file *file = new_file(build, item->id, item->up, item->up_length);
    bool repeatable;
    const char *name = split_path(build->source->private->layout, item->id, &repeatable);

    if (!file)
        return error_nomem(err);
    return build_add_file(build, name, repeatable, file, ORIGIN_MEMORY_FILES, err);
}

static int32_t collect_texts(struct source_build *build, const struct memory_item *item, size_t origin, migrate_error **err)
{
    struct found_text found = {.kind = NAME_VERSIONED, .id = item->id, .place = item->id, .origin = origin};
    const char *texts[] = {item->up, item->down};
    int32_t code = MIGRATE_OK;

    for (int i = 0; i < 2 && texts[i] && code == MIGRATE_OK; i++) {
        struct source_file *file = new_file(build, item->id, texts[i], strlen(texts[i]));

        if (!file)
            return error_nomem(err);
        file->as_text = true;
        found.direction = i == 0 ? DIRECTION_UP : DIRECTION_DOWN;
        found.section = (struct section){.present = true, .file = item->id, .bytes = file};
        code = build_add(build, &found, err);
    }
    return code;
}

static int32_t collect_code(struct source_build *build, const struct memory_item *item, size_t origin, migrate_error **err)
{
    bool schema = item->kind == ITEM_SCHEMA;
    struct found_text found = {.kind = schema ? NAME_SCHEMA : NAME_VERSIONED,
                          .id = schema ? "" : item->id,
                          .place = schema ? "the schema in code" : item->id,
                          .version = schema ? item->id : item->version,
                          .stands_for = schema ? item->id : NULL,
                          .origin = origin};
    int32_t code = MIGRATE_OK;

    found.section =
        (struct section){.present = true, .file = found.place, .code = item->up_code, .user = item->user};
    code = build_add(build, &found, err);
    if (code == MIGRATE_OK && item->down_code) {
        found.direction = DIRECTION_DOWN;
        found.section.code = item->down_code;
        code = build_add(build, &found, err);
    }
    return code;
}

int32_t memory_collect(struct source_build *build, migrate_error **err)
{
    const migrate_source *memory = build->options->memory;
    int32_t code = MIGRATE_OK;

    for (size_t i = 0; i < memory->count && code == MIGRATE_OK; i++) {
        const struct memory_item *item = &memory->items[i];

        if (item->kind == ITEM_FILE)
            code = collect_file(build, item, err);
        else if (item->kind == ITEM_TEXTS)
            code = collect_texts(build, item, ORIGIN_CALLS + i, err);
        else
            code = collect_code(build, item, ORIGIN_CALLS + i, err);
    }
    return code;
}
