/* SPDX-License-Identifier: MIT
 * The reader of directives and rollback blocks: the input is a migration's file. The texts that are cut out
 * of it keep every line and column. */
#include "source/source.h"

#include "fuzz.h"

/* The line from *at on, without its end; moves behind that. */
static const char *take_line(const char *text, size_t length, size_t *at, size_t *line_length)
{
    size_t start = *at, end = start;

    while (end < length && text[end] != '\n' && text[end] != '\r')
        end++;
    *line_length = end - start;
    *at = end + (end + 1 < length && text[end] == '\r' && text[end + 1] == '\n') + (end < length);
    return text + start;
}

/* Every byte of a section stands in the file at the same line and column; blanks and the semicolon that keeps
 * two blocks apart may stand for something else. */
static void require_same_places(const struct section_text *section, const char *file, size_t length)
{
    size_t at = length >= 3 && memcmp(file, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, from = 0, wanted, have;

    REQUIRE(section->first_line >= 1 && section->first_column == 1);
    for (int64_t line = 1; line < section->first_line; line++)
        take_line(file, length, &at, &have);
    while (from < section->text.length) {
        const char *part = take_line(section->text.data, section->text.length, &from, &wanted);
        const char *whole = take_line(file, length, &at, &have);

        for (size_t i = 0; i < wanted; i++)
            REQUIRE(part[i] == ' ' || part[i] == ';' || (i < have && part[i] == whole[i]));
    }
}

static void try_section(const struct source *source, const struct section *section, const char *checksum,
                        const char *file, size_t length)
{
    struct section_text text = {0};

    if (!section->present)
        return;
    REQUIRE(section_read(source, section, checksum, &text, NULL) == MIGRATE_OK);
    require_same_places(&text, file, length);
    section_text_free(&text);
}

static void try_file(const char *path, const char *engine, const char *text, size_t length)
{
    struct source_options options = {.engine = engine, .dialect = sql_dialect_of(engine)};
    struct source *source = NULL;
    migrate_error *error = NULL;
    int32_t code;

    REQUIRE(memory_source_new(&options.memory, NULL) == MIGRATE_OK);
    REQUIRE(memory_source_add_file(options.memory, "001_users.sql", "SELECT 1;", 9, NULL) == MIGRATE_OK);
    REQUIRE(memory_source_add_file(options.memory, path, text, length, NULL) == MIGRATE_OK);
    code = source_open(&options, &source, &error);
    if (code == MIGRATE_OK) {
        const struct migration *last = &source->items[source->count - 1];

        if (source->schema.present) {
            try_section(source, &source->schema.up, source->schema.checksum, text, length);
        } else {
            REQUIRE(source_tokens(source, last, NULL, NULL) == MIGRATE_OK);
            REQUIRE(strlen(last->checksum) == 64 && strlen(last->token_checksum) == 64);
            try_section(source, &last->up, last->checksum, text, length);
            try_section(source, &last->down, NULL, text, length);
        }
    } else {
        require_error(error, code);
    }
    source_free(source);
    memory_source_unref(options.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_of(data, size);

    try_file("002_posts.sql", "postgresql", text, size);
    try_file("002_posts.sql", "sqlite", text, size);
    try_file("repeatable/views.sql", "postgresql", text, size);
    try_file("schema.sql", "sqlite", text, size);
    free(text);
    return 0;
}
