/* SPDX-License-Identifier: MIT
 * The reader of file names: each line of the input is a path. What is taken has an id and a place in the
 * order; what is not is refused with a reason. */
#include "source/source.h"

#include "fuzz.h"

static void try_order(const struct source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct migration *migration = &source->items[i];

        REQUIRE((i < source->versioned) == (migration->kind == MIGRATION_VERSIONED));
        REQUIRE(migration->id != NULL && migration->id[0] != '\0' && migration->name != NULL);
        REQUIRE(strpbrk(migration->id, "/\r\n\t ") == NULL);
        REQUIRE(migration->up.present);
        if (migration->number != NULL)
            REQUIRE(strspn(migration->number, "0123456789") == strlen(migration->number));
        if (i > 0 && i < source->versioned)
            REQUIRE(source_compare_ids(source->items[i - 1].number, source->items[i - 1].id,
                                       migration->number, migration->id) < 0);
    }
}

static void try_source(migrate_source *memory, const char *engine, bool allow_duplicates)
{
    const struct source_options options = {.memory = memory,
                                           .engine = engine,
                                           .dialect = sql_dialect_of(engine),
                                           .allow_duplicate_numbers = allow_duplicates};
    struct source *source = NULL;
    migrate_error *error = NULL;
    int32_t code = source_open(&options, &source, &error);

    if (code == MIGRATE_OK)
        try_order(source);
    else
        require_error(error, code);
    source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_of(data, size), *rest = text;
    migrate_source *memory = NULL;

    REQUIRE(memory_source_new(&memory, NULL) == MIGRATE_OK);
    for (char *path = strsep(&rest, "\n"); path != NULL; path = strsep(&rest, "\n")) {
        static const char content[] = "-- migrate: stands-for 1\nSELECT 1;\n";
        bool schema = strcmp(path, "schema.sql") == 0;
        migrate_error *error = NULL;
        int32_t code = memory_source_add_file(memory, path, schema ? content : "SELECT 1;\n",
                                              schema ? strlen(content) : 10, &error);

        if (code != MIGRATE_OK)
            require_error(error, code);
    }
    try_source(memory, "sqlite", false);
    try_source(memory, "postgresql", true);
    memory_source_unref(memory);
    free(text);
    return 0;
}
