/* SPDX-License-Identifier: MIT
 * Migrations from a directory: which of its files are migrations. Their texts are read later, one by one. */
#include "source/build.h"

#include "util/file.h"

static int32_t refuse_directory(const char *path, const char *why, const char *hint, migrate_error **err)
{
    int32_t code = error_set(err, MIGRATE_ERROR_SOURCE, "the migrations directory %s %s", path, why);

    error_hint(err, "%s", hint);
    error_about(err, "misnamed");
    error_place(err, path, 0, 0);
    return code;
}

/* A migration's name on something that is no file. */
static int32_t refuse_kind(const char *path, enum file_kind kind, migrate_error **err)
{
    int32_t code;

    if (kind == FILE_DIRECTORY) {
        code = error_set(err, MIGRATE_ERROR_SOURCE, "%s looks like a migration, but is a directory", path);
        error_hint(err,
                   "layouts with a folder for each migration are not read yet; other folders must not begin "
                   "with a digit");
    } else {
        code = error_set(err, MIGRATE_ERROR_SOURCE, "%s looks like a migration, but %s", path,
                         kind == FILE_ABSENT ? "is a link that leads nowhere" : "is not a regular file");
        error_hint(err, "remove it, or put the file there");
    }
    error_about(err, "misnamed");
    error_place(err, path, 0, 0);
    return code;
}

static int32_t add_entry(struct source_build *build, const char *folder, const char *name, bool repeatable,
                         migrate_error **err)
{
    struct source_file *file;
    struct text path = {0};
    int32_t code = MIGRATE_OK;
    enum file_kind kind;
    int64_t size = 0;

    if (!repeatable && !name_is_candidate(build->source->private->layout, name))
        return MIGRATE_OK;
    text_add(&path, folder);
    if (!text_ends(folder, "/"))
        text_add_char(&path, '/');
    text_add(&path, name);
    if (path.failed) {
        text_free(&path);
        return error_nomem(err);
    }
    kind = file_look(path.data, &size);
    if (repeatable && kind == FILE_DIRECTORY && name[0] != '.') {
        code = refuse_directory(path.data, "lies in the folder of repeatable migrations",
                                "put the files into the folder itself", err);
    } else if (name_is_candidate(build->source->private->layout, name)) {
        if (kind != FILE_REGULAR) {
            code = refuse_kind(path.data, kind, err);
        } else {
            file = arena_new(build->arena, sizeof *file);
            if (file)
                *file = (struct source_file){.path = arena_text_n(build->arena, path.data, path.length),
                                             .big = size >= BIG_FROM};
            code = file && file->path ? build_add_file(build, name, repeatable, file, ORIGIN_DIRECTORY, err)
                                      : error_nomem(err);
        }
    }
    text_free(&path);
    return code;
}

static int32_t add_folder(struct source_build *build, const char *folder, bool repeatable, migrate_error **err)
{
    struct file_names names = {0};
    int32_t code = file_list(folder, &names, MIGRATE_ERROR_SOURCE, err);

    if (code != MIGRATE_OK)
        error_place(err, folder, 0, 0);
    for (size_t i = 0; code == MIGRATE_OK && i < names.count; i++) {
        migrate_error *problem = NULL;

        code = add_entry(build, folder, names.items[i], repeatable, &problem);
        code = source_pass(build->options, code, &problem, err);
    }
    file_names_free(&names);
    return code;
}

int32_t directory_collect(struct source_build *build, migrate_error **err)
{
    const char *dir = build->options->dir;
    struct text folder = {0};
    int32_t code = MIGRATE_OK;

    switch (file_kind_of(dir)) {
    case FILE_ABSENT:
        return refuse_directory(dir, "does not exist",
                                "create it or name another; a relative path starts at the working directory",
                                err);
    case FILE_REGULAR:
        return refuse_directory(dir, "is not a directory", "name the directory that holds the files", err);
    case FILE_DIRECTORY:
    case FILE_OTHER: /* listing it says why not */
        break;
    }
    text_add(&folder, dir);
    while (!folder.failed && folder.length > 1 && text_ends(folder.data, "/"))
        folder.data[--folder.length] = '\0';
    code = folder.failed ? error_nomem(err) : add_folder(build, folder.data, false, err);
    if (code == MIGRATE_OK) {
        if (!text_ends(folder.data, "/"))
            text_add_char(&folder, '/');
        text_add(&folder, build->source->private->layout->repeatable);
        if (folder.failed)
            code = error_nomem(err);
        else if (file_kind_of(folder.data) == FILE_DIRECTORY)
            code = add_folder(build, folder.data, true, err);
    }
    text_free(&folder);
    return code;
}
