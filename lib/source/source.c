/* SPDX-License-Identifier: MIT
 * Opening a source: collect what is there, pair it, read it, order it. */
#include "source/build.h"

#include "util/memory.h"

int32_t source_pass(const struct source_options *options, int32_t code, migrate_error **problem, migrate_error **err)
{
    if (code == MIGRATE_OK)
        return code;
    if (!options || !options->problem || !*problem || code == MIGRATE_ERROR_NOMEM || (*problem)->code == MIGRATE_ERROR_NOMEM) {
        error_move(err, problem);
        return code;
    }
    code = options->problem(*problem, options->user, err);
    error_clear(problem);
    return code;
}

static int32_t fill(struct source_build *build, migrate_error **err)
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
    struct source_build build = {.options = options};
    struct source *source = memory_new(sizeof *source);
    int32_t code = MIGRATE_OK;

    if (!source || !(source->private = memory_new(sizeof *source->private))) {
        memory_free(source);
        return error_nomem(err);
    }
    source->private->layout = &layout_native;
    source->private->dialect = options->dialect;
    source->private->memory = memory_source_ref(options->memory);
    source->private->lenient = options->problem != NULL;
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

static int32_t pass_over(const migrate_error *problem, void *user, migrate_error **err)
{
    (void)problem;
    (void)user;
    (void)err;
    return MIGRATE_OK;
}

int32_t source_engine(const struct source_options *options, const char **out, migrate_error **err)
{
    struct source_private private = {.layout = &layout_native};
    struct source source = {.private = &private};
    struct source_options lenient = {.dir = options->dir, .memory = options->memory, .problem = pass_over};
    struct source_build build = {.options = &lenient, .source = &source, .arena = &private.arena};
    const char *engine = NULL;
    bool several = false;
    int32_t code = options->dir ? directory_collect(&build, NULL) : MIGRATE_OK;

    if (code == MIGRATE_OK && options->memory)
        code = memory_collect(&build, NULL);
    for (size_t i = 0; i < build.found.count; i++) {
        const char *name = build.found.items[i].engine;

        several = several || (name && engine && !text_equal(name, engine));
        engine = name ? name : engine;
    }
    memory_free(build.found.items);
    arena_free(&private.arena);
    *out = several ? NULL : engine;
    return code == MIGRATE_ERROR_NOMEM ? error_nomem(err) : MIGRATE_OK;
}

void source_free(struct source *source)
{
    if (!source)
        return;
    arena_free(&source->private->arena);
    memory_source_unref(source->private->memory);
    memory_free(source->private);
    memory_free(source->items);
    memory_free(source->ignores.items);
    memory_free(source);
}
