/* SPDX-License-Identifier: MIT
 * The frame of the fault campaigns: programs in processes of their own, chance that can be repeated, and what
 * is left in the database. */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- numbers ---- */

static long setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? strtol(value, NULL, 10) : 0;
}

bool faults_brief(void)
{
    return setting("FAULTS_BRIEF") != 0;
}

long faults_rounds(long brief, long full)
{
    long rounds = setting("FAULTS_ROUNDS");
    return rounds > 0 ? rounds : faults_brief() ? brief : full;
}

/* splitmix64: short, and the same everywhere */
long faults_random(long below)
{
    static uint64_t state;
    if (state == 0)
        state = (uint64_t)setting("FAULTS_SEED") + 1;
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return below > 0 ? (long)((z ^ (z >> 31)) % (uint64_t)below) : 0;
}

int64_t faults_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void faults_sleep(int64_t microseconds)
{
    struct timespec left = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
    while (microseconds > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* ---- telling ---- */

void faults_report(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    printf("    ");
    vprintf(format, values);
    putchar('\n');
    fflush(stdout);
    va_end(values);
}

void faults_skip(const char *what, const char *why)
{
    printf("SKIPPED %s: %s\n", what, why);
    fflush(stdout);
}

/* ---- programs ---- */

static void errors_path(char *out, size_t size)
{
    snprintf(out, size, "%s/errors", api.folder);
}

static void write_error(migrate_error *err, int32_t code)
{
    char path[300], *text = NULL;
    errors_path(path, sizeof path);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    migrate_error_text(err, &text);
    if (dprintf(file, "%s: %s\n", migrate_code_name(code), text ? text : "(no error object)") < 0)
        _exit(3);
}

static int32_t start_up(migrate_error **err)
{
    return migrate_startup(api.url, api.options, NULL, err);
}

pid_t faults_start_as(int32_t (*program)(migrate_error **err))
{
    migrate_error *err = NULL;
    api_close();
    fflush(stdout);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int32_t code = program(&err);
    if (code != MIGRATE_OK)
        write_error(err, code);
    _exit(code == MIGRATE_OK ? 0 : 1);
}

pid_t faults_start(void)
{
    return faults_start_as(start_up);
}

bool faults_runs(pid_t program)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)program, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int faults_end(pid_t program)
{
    int status = 0;
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    if (WIFSIGNALED(status)) {
        ck_assert_msg(WTERMSIG(status) == SIGKILL, "a program crashed with signal %d", WTERMSIG(status));
        return FAULTS_KILLED;
    }
    return WEXITSTATUS(status) == 0 ? FAULTS_OK : FAULTS_FAILED;
}

const char *faults_errors(void)
{
    static char out[8000];
    char path[300];
    size_t length = 0;
    errors_path(path, sizeof path);
    FILE *file = fopen(path, "r");
    if (file) {
        length = fread(out, 1, sizeof out - 1, file);
        fclose(file);
    }
    out[length] = '\0';
    return out;
}

void faults_forget_errors(void)
{
    char path[300];
    errors_path(path, sizeof path);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(fchmod(file, 0666), 0); /* a program may be another user's */
    close(file);
}

int64_t faults_start_well(void)
{
    int64_t begun = faults_now();
    int end = faults_end(faults_start());
    ck_assert_msg(end == FAULTS_OK, "%s", faults_errors());
    return faults_now() - begun;
}

/* ---- the database ---- */

static void remove_beside(const char *suffix)
{
    char path[400];
    snprintf(path, sizeof path, "%s%s", api.database, suffix);
    unlink(path);
}

/* On a server too: a new database would cost a checkpoint each time. */
void faults_empty(void)
{
    api_close();
    if (api.engine == API_SQLITE) {
        remove_beside("");
        remove_beside("-journal");
        remove_beside("-wal");
        remove_beside("-shm");
        return;
    }
    api_query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
              "current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()");
    api_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner; "
            "GRANT USAGE ON SCHEMA public TO PUBLIC");
}

const char *faults_effects(void)
{
    const char *there = api_query(API_EITHER("SELECT count(*) FROM sqlite_master WHERE name = 'effects'",
                                             "SELECT count(to_regclass('public.effects'))"));
    return strcmp(there, "0") == 0
               ? ""
               : api_query("SELECT id || ' ' || count(*) FROM effects GROUP BY id ORDER BY id");
}

/* The schema as pg_dump writes it; the rows in an order of their own, as that of the pages tells of what was
 * undone. */
static char *pg_dump(void)
{
    char command[900], *out = NULL, *rest = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    ck_assert_ptr_nonnull(to);
    snprintf(command, sizeof command,
             "pg_dump --schema-only --no-owner --exclude-table='libmigrate_history*' -d '%s' | "
             "grep -v '^\\\\\\(un\\)\\?restrict'",
             api_url_with(NULL, NULL, NULL));
    FILE *from = popen(command, "r");
    ck_assert_ptr_nonnull(from);
    for (int c = getc(from); c != EOF; c = getc(from))
        putc(c, to);
    ck_assert_int_eq(pclose(from), 0);
    char *tables = strdup(api_tables());
    for (char *table = strtok_r(tables, " ", &rest); table; table = strtok_r(NULL, " ", &rest)) {
        char sql[300];
        snprintf(sql, sizeof sql, "SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM \"%s\" t",
                 table);
        fprintf(to, "%s:\n%s\n", table, api_query(sql));
    }
    free(tables);
    ck_assert_int_eq(fclose(to), 0);
    return out;
}

char *faults_dump(void)
{
    return api.engine == API_SQLITE ? api_snapshot() : pg_dump();
}

void faults_check_dump(const char *where, const char *whole)
{
    char *dump = faults_dump();
    size_t at = 0, line = 0;
    for (; dump[at] != '\0' && dump[at] == whole[at]; at++) {
        if (dump[at] == '\n')
            line = at + 1;
    }
    ck_assert_msg(strcmp(dump, whole) == 0, "%s: the rerun leads elsewhere; here \"%.200s\", else \"%.200s\"",
                  where, dump + line, whole + line);
    free(dump);
}

/* The server may first have to find out that somebody is gone. */
void faults_check_unlocked(void)
{
    const char *count = "";
    for (int64_t end = faults_now() + 5000000; faults_now() < end; faults_sleep(100000)) {
        count = api_query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                          "(SELECT oid FROM pg_database WHERE datname = current_database())");
        if (strcmp(count, "0") == 0)
            return;
    }
    ck_abort_msg("%s advisory locks are left", count);
}
