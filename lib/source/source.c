/* SPDX-License-Identifier: MIT
 * Opening a source: collect what is there, pair it, read it, order it. */
#include "source/build.h"

#include "util/memory.h"

static int32_t fill(struct build *build, migrate_error **err)
{
    int32_t code = MIGRATE_OK;

    if (build->options->dir)
        code = directory_collect(build, err);
    if (code == MIGRATE_OK && build->options->memory)
        code = memory_collect(build, err);
    if (code == MIGRATE_OK)
        code = build_pair(build, err);
    if (code == MIGRATE_OK)
        code = build_read(build, err);
    if (code == MIGRATE_OK)
        code = build_order(build, err);
    return code;
}

int32_t source_open(const struct source_options *options, struct source **out, migrate_error **err)
{
    struct build build = {.options = options};
    struct source *source = memory_new(sizeof *source);
    int32_t code = MIGRATE_OK;

    if (!source || !(source->private = memory_new(sizeof *source->private))) {
        memory_free(source);
        return error_nomem(err);
    }
    source->private->layout = &layout_native;
    source->private->dialect = options->dialect;
    source->private->memory = memory_source_ref(options->memory);
    build.source = source;
    build.arena = &source->private->arena;
    code = fill(&build, err);
    memory_free(build.found.items);
    memory_free(build.elsewhere.items);
    memory_free(build.needs.items);
    arena_free(&build.temporary);
    text_free(&build.file);
    skeleton_free(&build.skeleton);
    if (code == MIGRATE_OK)
        *out = source;
    else
        source_free(source);
    return code;
}

void source_free(struct source *source)
{
    if (!source)
        return;
    arena_free(&source->private->arena);
    memory_source_unref(source->private->memory);
    memory_free(source->private);
    memory_free(source->items);
    memory_free(source);
}
