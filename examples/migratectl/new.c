/* SPDX-License-Identifier: MIT
 * `migratectl new NAME`: writes a template under the next number and prints its path, and nothing else, on
 * stdout, so that $EDITOR "$(migratectl new add users)" works. And what generate needs of it: names, numbers, files. */
#include "migratectl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A number of more digits than that is a time. */
enum { SEQUENCE_DIGITS = 11, DIGITS_MOST = 18 };

struct numbers {
    long long sequence, time; /* the highest of each kind; 0: none */
    int width;                /* of the widest sequential number */
};

/* "Add users!" -> add_users: lower case, everything but letters and digits becomes one underscore. */
char *new_name(const struct arguments *arguments)
{
    char *joined = cli_copy("");
    for (size_t i = 0; i < arguments->word_count; i++)
        joined = cli_format("%s %s", joined, arguments->words[i]);
    char *name = cli_alloc(strlen(joined) + 1), *to = name;
    for (const char *at = joined; *at; at++) {
        char c = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
        if (keep)
            *to++ = c;
        else if (to > name && to[-1] != '_')
            *to++ = '_';
    }
    while (to > name && to[-1] == '_')
        *--to = '\0';
    return name;
}

static int scan(const struct cli *cli, const char *dir, struct numbers *numbers)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    if (!folder)
        return output_fail(cli, EXIT_IO, "io", "%s: cannot be read: %s", dir, strerror(errno));
    while ((entry = readdir(folder))) {
        size_t digits = strspn(entry->d_name, "0123456789");
        long long number = digits && digits <= DIGITS_MOST ? strtoll(entry->d_name, NULL, 10) : 0;
        if (digits > SEQUENCE_DIGITS && number > numbers->time)
            numbers->time = number;
        if (digits == 0 || digits > SEQUENCE_DIGITS)
            continue;
        if (number > numbers->sequence)
            numbers->sequence = number;
        if ((int)digits > numbers->width)
            numbers->width = (int)digits;
    }
    closedir(folder);
    return EXIT_DONE;
}

/* The time, but behind every time that is there: a number lower than an applied one would be late. */
static char *time_number(const struct numbers *numbers)
{
    char text[32];
    struct tm parts;
    time_t now = time(NULL);
    if (!gmtime_r(&now, &parts) || !strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts))
        text[0] = '\0';
    long long number = strtoll(text, NULL, 10);
    return cli_format("%lld", number > numbers->time ? number : numbers->time + 1);
}

static char *next_number(const struct cli *cli, const struct numbers *numbers)
{
    bool counts = numbers->width && !numbers->time;
    if (!counts && !cli->arguments.flags[FLAG_SEQUENTIAL])
        return time_number(numbers);
    return cli_format("%0*lld", numbers->width ? numbers->width : 3, numbers->sequence + 1);
}

int new_write(const struct cli *cli, const char *path, const char *text)
{
    size_t length = strlen(text);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return output_fail(cli, EXIT_IO, "io", "%s: cannot be created: %s", path, strerror(errno));
    bool written = write(file, text, length) == (ssize_t)length;
    int error = errno;
    if (close(file) == 0 && written)
        return EXIT_DONE;
    unlink(path);
    return output_fail(cli, EXIT_IO, "io", "%s: cannot be written: %s", path, strerror(error));
}

/* The paths on stdout, one a line. second may be NULL. */
static int print_paths(struct cli *cli, const char *first, const char *second)
{
    if (!output_is_json(cli)) {
        fprintf(cli->out, "%s\n%s%s", first, second ? second : "", second ? "\n" : "");
        return EXIT_DONE;
    }
    fputs("{\"format_version\":1,\"command\":\"new\",\"files\":[", cli->out);
    cli_json_string(cli->out, first);
    if (second) {
        putc(',', cli->out);
        cli_json_string(cli->out, second);
    }
    fputs("]}\n", cli->out);
    return EXIT_DONE;
}

static int write_single(struct cli *cli, const char *dir, const char *stem, const char *name)
{
    const char *path = cli_format("%s/%s.sql", dir, stem);
    int result = new_write(cli, path,
                            cli_format("-- %s\n\n\n"
                                       "-- ROLLBACK:\n"
                                       "-- END ROLLBACK\n",
                                       name));
    return result == EXIT_DONE ? print_paths(cli, path, NULL) : result;
}

static int write_pair(struct cli *cli, const char *dir, const char *stem, const char *name)
{
    const char *up = cli_format("%s/%s.up.sql", dir, stem), *down = cli_format("%s/%s.down.sql", dir, stem);
    int result = new_write(cli, up, cli_format("-- %s\n\n", name));
    if (result == EXIT_DONE)
        result = new_write(cli, down, cli_format("-- %s, undone\n\n", name));
    return result == EXIT_DONE ? print_paths(cli, up, down) : result;
}

const char *new_folder(const struct cli *cli)
{
    const char *dir = migrate_options_get(cli->options, "dir");
    return dir && *dir ? dir : "migrations";
}

int new_make_folder(const struct cli *cli)
{
    const char *dir = new_folder(cli);
    if (mkdir(dir, 0777) == 0)
        output_note(cli, "created the folder %s", dir);
    else if (errno != EEXIST)
        return output_fail(cli, EXIT_IO, "io", "%s: cannot be created: %s", dir, strerror(errno));
    return EXIT_DONE;
}

int new_stem(const struct cli *cli, const char *name, const char **out)
{
    struct numbers numbers = {0};
    int result = scan(cli, new_folder(cli), &numbers);
    if (result == EXIT_DONE)
        *out = cli_format("%s_%s", next_number(cli, &numbers), name);
    return result;
}

int command_new(struct cli *cli)
{
    const char *dir = new_folder(cli), *name = new_name(&cli->arguments), *stem = NULL;
    if (!*name)
        return output_usage(cli, "a name needs letters or digits");
    int result = new_make_folder(cli);
    if (result == EXIT_DONE)
        result = new_stem(cli, name, &stem);
    if (result != EXIT_DONE)
        return result;
    if (cli->arguments.flags[FLAG_PAIR])
        return write_pair(cli, dir, stem, name);
    return write_single(cli, dir, stem, name);
}
