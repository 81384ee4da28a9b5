/* SPDX-License-Identifier: MIT
 * `migratectl check --against REF|DIR`: the other side of a merge. What a git ref has is laid out in a temporary folder by git itself, so
 * that line ends and filters are those of a checkout; the repository and its index are not touched. */
#include "migratectl.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- running git ---- */

/* In a hook git says relative to the working directory where its repository is, which does not hold behind -C. */
static char *absolute(char *variable)
{
    char *equals = strchr(variable, '=');
    if ((strncmp(variable, "GIT_DIR=", 8) != 0 && strncmp(variable, "GIT_WORK_TREE=", 14) != 0) || equals[1] == '/')
        return variable;
    char *path = realpath(equals + 1, NULL);
    char *whole = path ? cli_format("%.*s=%s", (int)(equals - variable), variable, path) : variable;
    free(path);
    return whole;
}

/* The environment with another index; NULL: with none of a hook's. */
static char **environment_with(const char *index)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **list = cli_alloc((count + 3) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "GIT_INDEX_FILE=", 15) != 0)
            list[kept++] = absolute(environ[i]);
    if (getenv("GIT_DIR") && !getenv("GIT_WORK_TREE"))
        list[kept++] = absolute(cli_copy("GIT_WORK_TREE=."));
    if (index)
        list[kept] = cli_format("GIT_INDEX_FILE=%s", index);
    return list;
}

/* All that comes out of the pipe, without the newline at its end. */
static char *read_pipe(int fd)
{
    size_t length = 0, room = 4096;
    char *text = cli_alloc(room + 1);
    for (;;) {
        if (length == room) {
            char *more = cli_alloc(room * 4 + 1);
            memcpy(more, text, length);
            text = more;
            room *= 4;
        }
        ssize_t got = read(fd, text + length, room - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    while (length && text[length - 1] == '\n')
        length--;
    text[length] = '\0';
    return text;
}

/* Runs git; what it says goes to *out, what it complains of to nobody. -1: there is no git. */
static int git(const char *index, char **out, const char *const *words)
{
    const char *arguments[16] = {"git"};
    posix_spawn_file_actions_t actions;
    int ends[2], status = 0;
    pid_t child;
    for (size_t i = 0; words[i] && i + 2 < sizeof arguments / sizeof *arguments; i++)
        arguments[i + 1] = words[i];
    if (pipe(ends) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int failed = posix_spawnp(&child, "git", &actions, NULL, (char *const *)arguments, environment_with(index));
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char *said = read_pipe(ends[0]);
    close(ends[0]);
    if (failed)
        return -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (out)
        *out = said;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define GIT(index, out, ...) git(index, out, (const char *const[]){__VA_ARGS__, NULL})

/* ---- the other side ---- */

struct sides {
    const char *ref;     /* as given */
    char *top, *inside;  /* the repository, and the folder of migrations in it */
    char *place;         /* temporary */
};

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool looks_like_path(const char *word)
{
    return word[0] == '/' || strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0 || strcmp(word, ".") == 0 ||
           strcmp(word, "..") == 0;
}

/* The folder as it is in a commit, below the temporary one; a folder that is not there is an empty one: everything is new then. */
static int lay_out(struct cli *cli, const struct sides *sides, const char *commit, const char *name, char **out)
{
    char *folder = cli_format("%s/%s", sides->place, name), *index = cli_format("%s/%s.index", sides->place, name);
    char *tree = *sides->inside ? cli_format("%s:%s", commit, sides->inside) : cli_format("%s^{tree}", commit);
    *out = folder;
    if (mkdir(folder, 0700) != 0)
        return output_fail(cli, EXIT_IO, "io", "%s: cannot be made: %s", folder, strerror(errno));
    if (GIT(NULL, NULL, "-C", sides->top, "cat-file", "-e", tree) != 0)
        return EXIT_DONE;
    if (GIT(index, NULL, "-C", sides->top, "read-tree", tree) == 0 &&
        GIT(index, NULL, "-C", sides->top, "checkout-index", "-a", "-f", cli_format("--prefix=%s/", folder)) == 0)
        return EXIT_DONE;
    return output_fail(cli, EXIT_IO, "git", "git could not lay out the migrations of %s", sides->ref);
}

/* Where the folder of migrations is; *found: git knows the ref there. */
static int find_repository(struct cli *cli, struct sides *sides, char **commit, bool needed)
{
    const char *dir = migrate_options_get(cli->options, "dir");
    int got = GIT(NULL, &sides->top, "-C", dir, "rev-parse", "--show-toplevel");
    if (got == -1)
        return needed ? output_fail(cli, EXIT_CONFIGURATION, "git", "--against %s: there is no folder of that name, and no git is installed "
                                    "to ask for a ref", sides->ref) : EXIT_DONE;
    if (got != 0)
        return needed ? output_fail(cli, EXIT_CONFIGURATION, "git", "--against %s: there is no folder of that name, and %s is in no git "
                                    "repository", sides->ref, dir) : EXIT_DONE;
    if (GIT(NULL, &sides->inside, "-C", dir, "rev-parse", "--show-prefix") != 0)
        return output_fail(cli, EXIT_CONFIGURATION, "git", "git cannot tell where %s is in its repository", dir);
    for (size_t length = strlen(sides->inside); length && sides->inside[length - 1] == '/'; length--)
        sides->inside[length - 1] = '\0';
    if (GIT(NULL, commit, "-C", dir, "rev-parse", "--verify", "--quiet", "--end-of-options", cli_format("%s^{commit}", sides->ref)) == 0)
        return EXIT_DONE;
    *commit = NULL;
    return needed ? output_fail(cli, EXIT_CONFIGURATION, "git", "--against %s: there is neither a folder nor a git ref of that name (git fetch "
                                "brings refs of others; a shallow clone has few)", sides->ref) : EXIT_DONE;
}

static int make_place(struct cli *cli, struct sides *sides)
{
    const char *folder = getenv("TMPDIR");
    sides->place = cli_format("%s/migratectl-XXXXXX", folder && *folder ? folder : "/tmp");
    if (mkdtemp(sides->place))
        return EXIT_DONE;
    int error = errno;
    sides->place = NULL;
    return output_fail(cli, EXIT_IO, "io", "no temporary folder can be made: %s", strerror(error));
}

static void remove_place(const struct sides *sides)
{
    const char *const words[] = {"rm", "-rf", "--", sides->place, NULL};
    pid_t child;
    if (sides->place && posix_spawnp(&child, "rm", NULL, NULL, (char *const *)words, environ) == 0)
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
}

/* Both began from the merge base; without one nobody knows who changed what. */
static int lay_out_both(struct cli *cli, struct sides *sides, const char *commit, char **other, char **base)
{
    char *began = NULL;
    int result = make_place(cli, sides);
    if (result == EXIT_DONE)
        result = lay_out(cli, sides, commit, "other", other);
    if (result != EXIT_DONE)
        return result;
    if (GIT(NULL, &began, "-C", sides->top, "merge-base", "HEAD", commit) == 0 && *began)
        return lay_out(cli, sides, began, "base", base);
    output_note(cli, "There is no merge base with %s: what it has counts as having been there first.", sides->ref);
    return EXIT_DONE;
}

static int compare(struct cli *cli, const char *other, const char *base, const char **out_json)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    if (migrate_check_against(cli->session, other, base, &rows, &error) < 0)
        return output_error(cli, error);
    int result = findings_show(cli, rows, out_json);
    migrate_rows_free(rows);
    return result;
}

int against_check(struct cli *cli, const char **out_json)
{
    struct sides sides = {.ref = cli->arguments.flags[FLAG_AGAINST]};
    char *commit = NULL, *other = NULL, *base = NULL;
    bool folder = is_folder(sides.ref);
    int result = folder && looks_like_path(sides.ref) ? EXIT_DONE : find_repository(cli, &sides, &commit, !folder);
    if (result != EXIT_DONE)
        return result;
    if (!commit)
        return compare(cli, sides.ref, NULL, out_json);
    result = lay_out_both(cli, &sides, commit, &other, &base);
    if (result == EXIT_DONE)
        result = compare(cli, other, base, out_json);
    remove_place(&sides);
    return result;
}
