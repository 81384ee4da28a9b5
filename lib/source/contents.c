/* SPDX-License-Identifier: MIT
 * What the files say: each is read once, its directives and checksums are kept, its text is let go again. */
#include "source/big.h"
#include "source/build.h"

#include "util/array.h"
#include "util/file.h"

static char *take_span(struct arena *arena, const struct directive_reading *reading, struct span span)
{
    return arena_text_n(arena, reading->text + span.start, span.end - span.start);
}

static int32_t remember_place(struct source_build *build, const struct directive_reading *reading, size_t offset,
                              struct place *out, migrate_error **err)
{
    size_t start, length;

    sql_position(reading->text, reading->length, offset, &out->line, &out->column);
    if (reading->skeleton)
        out->line = skeleton_line(reading->skeleton, out->line);
    sql_line_at(reading->text, reading->length, offset, &start, &length);
    out->file = reading->file;
    out->source_line = arena_text_n(&build->temporary, reading->text + start, length);
    return out->source_line ? MIGRATE_OK : error_nomem(err);
}

int32_t build_fail(const struct place *place, int32_t code, migrate_error **err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    code = error_vset(err, code, format, arguments);
    va_end(arguments);
    error_place(err, place->file, place->line, place->column);
    if (place->source_line)
        error_source_line(err, place->source_line, strlen(place->source_line));
    return code;
}

/* Its skeleton is what is read for directives. */
static int32_t read_big(struct source_build *build, struct section *section, enum directive_role role,
                        struct directive_reading *reading, migrate_error **err)
{
    int32_t code;

    skeleton_free(&build->skeleton);
    code = skeleton_read(section->bytes->path, section->file, reading->dialect, &build->skeleton, err);
    if (code != MIGRATE_OK)
        return code;
    reading->skeleton = &build->skeleton;
    code = reading_make(reading, build->skeleton.text.data ? build->skeleton.text.data : "",
                        build->skeleton.text.length, role, err);
    if (code == MIGRATE_OK && !(section->big = big_keep(build->arena, &build->skeleton, reading)))
        code = error_nomem(err);
    return code;
}

/* Reads one file into build->file. The reading borrows that, and is to be freed whatever is returned. */
static int32_t read_section(struct source_build *build, struct section *section, const char *id, enum directive_role role,
                            struct directive_reading *reading, migrate_error **err)
{
    const struct source_file *bytes = section->bytes;
    int32_t code = MIGRATE_OK;

    *reading = (struct directive_reading){.layout = build->source->private->layout,
                                .dialect = build->source->private->dialect,
                                .options = build->options,
                                .id = id,
                                .file = section->file};
    if (bytes->text)
        return reading_make(reading, bytes->text, bytes->length, role, err);
    text_clear(&build->file);
    if (bytes->big)
        return read_big(build, section, role, reading, err);
    code = file_read(bytes->path, &build->file, MIGRATE_ERROR_SOURCE, err);
    if (code == MIGRATE_OK)
        code = reading_make(reading, build->file.data, build->file.length, role, err);
    else
        error_place(err, section->file, 0, 0);
    return code;
}

/* Where nothing can be read, and problems are gathered, the section stays empty. */
static int32_t read_or_pass(struct source_build *build, struct section *section, const char *id, enum directive_role role,
                            struct directive_reading *reading, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = read_section(build, section, id, role, reading, &problem);

    if (code == MIGRATE_OK)
        return code;
    section->unreadable = true;
    error_id(&problem, id);
    if (problem && problem->code != MIGRATE_ERROR_NOMEM && !problem->about)
        error_about(&problem, "unreadable");
    return source_pass(build->options, code, &problem, err);
}

static void place_of(const struct directive_reading *reading, size_t offset, int64_t *line, int64_t *column)
{
    sql_position(reading->text, reading->length, offset, line, column);
    if (reading->skeleton)
        *line = skeleton_line(reading->skeleton, *line);
}

static int32_t take_ignores(struct source_build *build, const struct directive_reading *reading, migrate_error **err)
{
    struct source *source = build->source;

    for (size_t i = 0; i < reading->ignores.count; i++) {
        const struct ignore *ignore = &reading->ignores.items[i];
        struct source_ignore *out;

        if (!array_reserve(&source->ignores))
            return error_nomem(err);
        out = &source->ignores.items[source->ignores.count];
        *out = (struct source_ignore){.file = arena_text(build->arena, reading->file), .whole = ignore->whole};
        out->rule = take_span(build->arena, reading, ignore->rule);
        out->reason = take_span(build->arena, reading, ignore->reason);
        if (!out->file || !out->rule || !out->reason)
            return error_nomem(err);
        place_of(reading, ignore->comment, &out->line, &out->column);
        if (ignore->end > 0)
            place_of(reading, ignore->end, &out->end_line, &out->end_column);
        if (ignore->end > 0 && reading->skeleton) /* what stands there has no columns */
            out->end_column = INT64_MAX;
        source->ignores.count++;
    }
    return MIGRATE_OK;
}

static int32_t take_words(struct source_build *build, const struct directive_reading *reading, const struct spans *words,
                          const char *const **out, size_t *count, migrate_error **err)
{
    const char **list;

    *count = words->count;
    if (words->count == 0)
        return MIGRATE_OK;
    list = arena_new(build->arena, words->count * sizeof *list);
    if (!list)
        return error_nomem(err);
    for (size_t i = 0; i < words->count; i++)
        if (!(list[i] = take_span(build->arena, reading, words->items[i])))
            return error_nomem(err);
    *out = list;
    return MIGRATE_OK;
}

static int32_t take_expectations(struct source_build *build, const struct directive_reading *reading, struct section *section,
                                 migrate_error **err)
{
    size_t count = reading->expectations.count;
    struct expectation *list;

    section->expectations = NULL;
    section->expectations_count = count;
    if (count == 0)
        return MIGRATE_OK;
    list = arena_new(build->arena, count * sizeof *list);
    for (size_t i = 0; list && i < count; i++) {
        const struct expecting *from = &reading->expectations.items[i];
        struct expectation *to = &list[i];

        *to = (struct expectation){.kind = from->kind, .compare = from->compare, .before = from->before, .number = from->number,
                                   .text = take_span(build->arena, reading, from->text)};
        if (from->kind == EXPECT_ROWS)
            to->table = take_span(build->arena, reading, from->table);
        sql_position(reading->text, reading->length, from->text.start, &to->line, &to->column);
        if (reading->skeleton)
            to->line = skeleton_line(reading->skeleton, to->line);
        if (!to->text || (from->kind == EXPECT_ROWS && !to->table))
            list = NULL;
    }
    section->expectations = list;
    return list ? MIGRATE_OK : error_nomem(err);
}

/* Needs are resolved when all ids are known; until then each keeps its place for an error. */
static int32_t take_needs(struct source_build *build, const struct directive_reading *reading, size_t migration,
                          migrate_error **err)
{
    for (size_t i = 0; i < reading->depends.count; i++) {
        struct need need = {.migration = migration};
        int32_t code = remember_place(build, reading, reading->depends.items[i].start, &need.place, err);

        if (code != MIGRATE_OK)
            return code;
        need.word = take_span(&build->temporary, reading, reading->depends.items[i]);
        if (!need.word || !array_reserve(&build->needs))
            return error_nomem(err);
        build->needs.items[build->needs.count++] = need;
    }
    return MIGRATE_OK;
}

/* The rollback block inside the up file is the way down, unless there is another. */
static int32_t take_rollback(const struct source_build *build, const struct directive_reading *reading,
                             struct migration *migration, migrate_error **err)
{
    if (reading->rollbacks.count == 0)
        return MIGRATE_OK;
    if (migration->down.present) {
        migrate_error *problem = NULL;
        int32_t code;

        if (migration->up.bytes->as_text)
            return MIGRATE_OK;
        code = reading_fail(reading, reading->rollbacks.items[0].lines.start, MIGRATE_ERROR_SOURCE, &problem,
                            "there is a rollback block here and a down file as well: %s and %s",
                            migration->up.file, migration->down.file);
        error_hint(&problem, "keep one of them");
        error_about(&problem, "rollback-block");
        error_id(&problem, migration->id);
        return source_pass(build->options, code, &problem, err);
    }
    migration->down = migration->up;
    migration->down.from_block = true;
    migration->down.expectations = NULL; /* what is expected is the way up's */
    migration->down.expectations_count = 0;
    migration->down.no_transaction = reading->rollback_no_transaction;
    migration->down.foreign_keys = reading->rollback_foreign_keys;
    return MIGRATE_OK;
}

static int32_t take_up(struct source_build *build, const struct directive_reading *reading, size_t index, migrate_error **err)
{
    struct migration *migration = &build->source->items[index];
    int32_t code;

    if (!reading->skeleton) /* of a big file it is taken when the text is run, or asked for */
        section_checksum(reading, migration->checksum);
    migration->up.no_transaction = reading->no_transaction;
    migration->up.foreign_keys = reading->foreign_keys;
    migration->out_of_order = reading->out_of_order;
    migration->breaking = reading->breaking;
    code = take_rollback(build, reading, migration, err);
    if (code == MIGRATE_OK)
        code = take_ignores(build, reading, err);
    if (code == MIGRATE_OK)
        code = take_expectations(build, reading, &migration->up, err);
    if (code == MIGRATE_OK)
        code =
            take_words(build, reading, &reading->tables, &migration->tables, &migration->tables_count, err);
    if (code == MIGRATE_OK)
        code = take_needs(build, reading, index, err);
    if (code == MIGRATE_OK && reading->allow_data_loss.end > reading->allow_data_loss.start &&
        !(migration->allow_data_loss = take_span(build->arena, reading, reading->allow_data_loss)))
        code = error_nomem(err);
    return code;
}

static int32_t read_migration(struct source_build *build, size_t index, migrate_error **err)
{
    struct migration *migration = &build->source->items[index];
    struct directive_reading reading = {0};
    int32_t code = MIGRATE_OK;

    if (migration->up.bytes) {
        code =
            read_or_pass(build, &migration->up, migration->id,
                         migration->kind == MIGRATION_REPEATABLE ? ROLE_REPEATABLE : ROLE_UP, &reading, err);
        if (code == MIGRATE_OK && !migration->up.unreadable)
            code = take_up(build, &reading, index, err);
        reading_free(&reading);
    }
    if (code == MIGRATE_OK && migration->down.bytes && !migration->down.from_block) {
        code = read_or_pass(build, &migration->down, migration->id, ROLE_DOWN, &reading, err);
        migration->down.no_transaction = reading.no_transaction;
        migration->down.foreign_keys = reading.foreign_keys;
        if (code == MIGRATE_OK && !migration->down.unreadable)
            code = take_ignores(build, &reading, err);
        if (code == MIGRATE_OK && !migration->down.unreadable)
            code = take_expectations(build, &reading, &migration->down, err);
        reading_free(&reading);
    }
    if (code != MIGRATE_OK)
        error_id(err, migration->id);
    return code;
}

static int32_t read_schema(struct source_build *build, migrate_error **err)
{
    struct source_schema *schema = &build->source->schema;
    struct directive_reading reading = {0};
    migrate_error *problem = NULL;
    int32_t code = read_or_pass(build, &schema->up, NULL, ROLE_SCHEMA, &reading, err);

    if (code == MIGRATE_OK && !schema->up.unreadable && reading.stands_for.end == reading.stands_for.start) {
        code = error_set(&problem, MIGRATE_ERROR_SOURCE, "%s does not say which migration it stands for",
                         schema->up.file);
        error_hint(&problem, "add a line -- migrate: stands-for ID, with the id of the last migration in it");
        error_about(&problem, "schema-file");
        error_place(&problem, schema->up.file, 0, 0);
        schema->up.unreadable = true;
        code = source_pass(build->options, code, &problem, err);
    }
    if (code == MIGRATE_OK)
        code = take_ignores(build, &reading, err);
    if (code == MIGRATE_OK && !schema->up.unreadable) {
        if (!reading.skeleton)
            section_checksum(&reading, schema->checksum);
        schema->up.no_transaction = reading.no_transaction;
        schema->up.foreign_keys = reading.foreign_keys;
        schema->stands_for = take_span(build->arena, &reading, reading.stands_for);
        code = schema->stands_for
                   ? remember_place(build, &reading, reading.stands_for.start, &build->stands_for, err)
                   : error_nomem(err);
    }
    reading_free(&reading);
    return code;
}

int32_t build_read(struct source_build *build, migrate_error **err)
{
    int32_t code = MIGRATE_OK;

    for (size_t i = 0; i < build->source->count && code == MIGRATE_OK; i++)
        code = read_migration(build, i, err);
    if (code == MIGRATE_OK && build->source->schema.present) {
        build->stands_for.file = build->source->schema.up.file;
        if (build->source->schema.up.bytes)
            code = read_schema(build, err);
    }
    return code;
}
