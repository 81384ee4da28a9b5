/* SPDX-License-Identifier: MIT
 * `migratectl embed DIR`: a folder of migrations as a C file, so that a program carries its own. Texts become
 * arrays of byte values: any byte is safe in them, and no compiler's limit on the length of a literal counts.
 */
#include "migratectl.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES_A_LINE = 24 };

struct files {
    const char **paths; /* below the folder, with / between */
    size_t count;
};

static void add(struct files *files, const char *path)
{
    if ((files->count & (files->count - 1)) == 0) { /* full at every power of two */
        const char **larger = cli_alloc((files->count ? files->count * 2 : 1) * sizeof *larger);
        for (size_t i = 0; i < files->count; i++)
            larger[i] = files->paths[i];
        files->paths = larger;
    }
    files->paths[files->count++] = path;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_sql(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".sql") == 0;
}

/* The .sql files of dir/below ("" or "repeatable/"); an absent folder below is an empty one. */
static int scan(const struct cli *cli, const char *dir, const char *below, struct files *files)
{
    const char *path = cli_format("%s/%s", dir, below);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    if (!folder && errno == ENOENT && *below)
        return EXIT_DONE;
    if (!folder)
        return output_fail(cli, EXIT_FINDINGS, "source", "%s: cannot be read: %s", *below ? path : dir,
                           strerror(errno));
    while ((entry = readdir(folder)))
        if (is_sql(entry->d_name))
            add(files, cli_format("%s%s", below, entry->d_name));
    closedir(folder);
    return EXIT_DONE;
}

static void print_bytes(FILE *out, size_t index, const char *path, const char *text, size_t length)
{
    fputs("\n/* ", out);
    for (const char *at = table_clean(path); *at; at++) {
        putc(*at, out);
        if (at[0] == '*' && at[1] == '/')
            putc(' ', out);
    }
    fprintf(out, " */\nstatic const unsigned char text_%zu[] = {\n", index);
    for (size_t i = 0; i < length; i++)
        fprintf(out, "%d,%s", (unsigned char)text[i], (i + 1) % BYTES_A_LINE == 0 ? "\n" : "");
    fputs("0};\n", out); /* an empty file is an array, too */
}

static void print_path(FILE *out, const char *path)
{
    for (; *path; path++) {
        if (*path == '"' || *path == '\\' || *path == '?')
            fprintf(out, "\\%c", *path);
        else if ((unsigned char)*path < 0x20 || (unsigned char)*path >= 0x7f)
            fprintf(out, "\\%03o", (unsigned char)*path);
        else
            putc(*path, out);
    }
}

static void print_add(FILE *out, const char *name, const struct files *files)
{
    fprintf(out,
            "\nint32_t %s_add(migrate_source *source, migrate_error **out_err);\n\n"
            "/* Adds every file to source; 0, or an error of migrate_source_add_file(). */\n"
            "int32_t %s_add(migrate_source *source, migrate_error **out_err)\n{\n"
            "    int32_t code = 0;\n",
            name, name);
    for (size_t i = 0; i < files->count; i++) {
        fputs("    if (code == 0)\n        code = migrate_source_add_file(source, \"", out);
        print_path(out, files->paths[i]);
        fprintf(out, "\", (const char *)text_%zu, sizeof text_%zu - 1, out_err);\n", i, i);
    }
    fputs("    return code;\n}\n", out);
}

/* Every file goes through the library as well: what it would refuse at run time is refused now. */
static int print_files(struct cli *cli, FILE *out, const char *dir, const struct files *files)
{
    migrate_source *source = NULL;
    migrate_error *error = NULL;
    int result = EXIT_DONE;
    if (migrate_source_new(&source, &error) != MIGRATE_OK)
        return output_error(cli, error);
    for (size_t i = 0; i < files->count && result == EXIT_DONE; i++) {
        size_t length = 0;
        char *text = cli_read_file(cli_format("%s/%s", dir, files->paths[i]), &length);
        if (!text)
            result = output_fail(cli, EXIT_FINDINGS, "source", "%s/%s: cannot be read: %s", dir,
                                 files->paths[i], strerror(errno));
        else if (migrate_source_add_file(source, files->paths[i], text, length, &error) != MIGRATE_OK)
            result = output_error(cli, error);
        else
            print_bytes(out, i, files->paths[i], text, length);
    }
    migrate_source_free(source);
    return result;
}

static bool is_identifier(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return *name && !strchr("0123456789", *name) && name[strspn(name, letters)] == '\0';
}

/* The whole text is ready before the file is touched: a failed run leaves the old file to the build. */
static int save(const struct cli *cli, const char *text, size_t length)
{
    const char *path = cli->arguments.flags[FLAG_OUTPUT];
    FILE *file = path ? fopen(path, "we") : cli->out;
    if (!file)
        return output_fail(cli, EXIT_IO, "io", "%s: cannot be written: %s", path, strerror(errno));
    bool written = fwrite(text, 1, length, file) == length;
    int error = errno;
    if (path && fclose(file) != 0)
        written = false;
    if (written || !path) /* stdout is checked when it is closed */
        return EXIT_DONE;
    unlink(path);
    return output_fail(cli, EXIT_IO, "io", "%s: cannot be written: %s", path, strerror(error));
}

static int embed(struct cli *cli, const char *dir, const char *name, const struct files *files)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return output_fail(cli, EXIT_SOFTWARE, "nomem", "out of memory");
    fprintf(out, "/* Written by migratectl embed: do not edit. */\n#include <migrate.h>\n");
    int result = print_files(cli, out, dir, files);
    print_add(out, name, files);
    if (fclose(out) != 0)
        result = output_fail(cli, EXIT_SOFTWARE, "nomem", "out of memory");
    if (result == EXIT_DONE)
        result = save(cli, text, length);
    free(text);
    if (result == EXIT_DONE)
        output_note(cli, "%zu file%s embedded; call %s_add(source, &error).", files->count,
                    files->count == 1 ? "" : "s", name);
    return result;
}

int command_embed(struct cli *cli)
{
    const char *dir = cli->arguments.words[0];
    const char *name = cli->arguments.flags[FLAG_NAME] ? cli->arguments.flags[FLAG_NAME] : "app_migrations";
    struct files files = {0};
    if (!is_identifier(name))
        return output_usage(cli, "--name is to be a C identifier, not %s", name);
    int result = scan(cli, dir, "", &files);
    if (result == EXIT_DONE)
        result = scan(cli, dir, "repeatable/", &files);
    if (result != EXIT_DONE)
        return result;
    if (files.count == 0)
        return output_fail(cli, EXIT_FINDINGS, "source", "%s: has no .sql files", dir);
    qsort(files.paths, files.count, sizeof *files.paths, by_bytes);
    return embed(cli, dir, name, &files);
}
