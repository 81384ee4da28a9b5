/* SPDX-License-Identifier: MIT
 * Programs that work for us: started without a shell, asked to end when we are, and ended with us. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* How long a program has between SIGTERM and SIGKILL, and between two looks at it, in milliseconds. */
enum { GRACE = 100, PAUSE = 20 };

static void sleep_ms(long milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- starting ---- */

struct pipes {
    int in[2], out[2], err[2];
};

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
        pair[i] = -1;
    }
}

static bool open_pipes(struct pipes *pipes)
{
    *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(pipes->in, O_CLOEXEC) == 0 && pipe2(pipes->out, O_CLOEXEC) == 0 && pipe2(pipes->err, O_CLOEXEC) == 0)
        return true;
    close_pair(pipes->in);
    close_pair(pipes->out);
    close_pair(pipes->err);
    return false;
}

/* The environment with some variables of our own; they are made before the fork. */
static char **environment_with(const char *const *own)
{
    size_t count = 0, added = 0;
    while (environ[count])
        count++;
    while (own && own[added])
        added++;
    char **all = cli_alloc((count + added + 1) * sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < added; i++)
        all[n++] = cli_copy(own[i]);
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(environ[i], "=") + 1;
        bool replaced = false;
        for (size_t j = 0; j < added && !replaced; j++)
            replaced = strncmp(environ[i], all[j], length) == 0;
        if (!replaced)
            all[n++] = environ[i];
    }
    return all;
}

/* In the child: of its own group, so that Ctrl-C comes to us alone; gone when we are. */
static void become(const char *const *arguments, char **environment, const struct pipes *pipes, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setpgid(0, 0);
    umask(077);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        _exit(126);
    if (dup2(pipes->in[0], STDIN_FILENO) < 0 || dup2(pipes->out[1], STDOUT_FILENO) < 0 || dup2(pipes->err[1], STDERR_FILENO) < 0)
        _exit(126);
    execvpe(arguments[0], (char *const *)(uintptr_t)arguments, environment);
    _exit(errno == ENOENT ? 127 : 126);
}

bool process_start(struct process *process, const char *const *arguments, const char *const *variables)
{
    struct pipes pipes;
    *process = (struct process){.pid = -1, .in = -1, .out = -1, .err = -1};
    char **environment = environment_with(variables);
    if (!open_pipes(&pipes))
        return false;
    pid_t parent = getpid();
    process->pid = fork();
    if (process->pid == 0)
        become(arguments, environment, &pipes, parent);
    if (process->pid < 0) {
        close_pair(pipes.in);
        close_pair(pipes.out);
        close_pair(pipes.err);
        return false;
    }
    close(pipes.in[0]);
    close(pipes.out[1]);
    close(pipes.err[1]);
    process->in = pipes.in[1];
    process->out = pipes.out[0];
    process->err = pipes.err[0];
    fcntl(process->in, F_SETFL, O_NONBLOCK);
    fcntl(process->out, F_SETFL, O_NONBLOCK);
    fcntl(process->err, F_SETFL, O_NONBLOCK);
    return true;
}

/* ---- while it runs ---- */

/* The last of what it says counts most. */
static void keep(char *buffer, size_t size, size_t *length, const char *text, size_t more)
{
    if (more >= size) {
        text += more - (size - 1);
        more = size - 1;
    }
    if (*length + more >= size) {
        size_t cut = *length + more - (size - 1);
        memmove(buffer, buffer + cut, *length - cut);
        *length -= cut;
    }
    memcpy(buffer + *length, text, more);
    *length += more;
    buffer[*length] = '\0';
}

/* false: there will be no more. */
static bool read_some(int fd, char *buffer, size_t size, size_t *length)
{
    char piece[4096];
    ssize_t got = read(fd, piece, sizeof piece);
    if (got > 0 && buffer)
        keep(buffer, size, length, piece, (size_t)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void process_close_in(struct process *process)
{
    if (process->in >= 0)
        close(process->in);
    process->in = -1;
}

static void drain(int *fd, char *buffer, size_t size, size_t *length)
{
    if (*fd >= 0 && !read_some(*fd, buffer, size, length)) {
        close(*fd);
        *fd = -1;
    }
}

void process_listen(struct process *process, bool output)
{
    drain(&process->err, process->said, sizeof process->said, &process->said_length);
    if (output)
        drain(&process->out, process->printed, sizeof process->printed, &process->printed_length);
}

static bool has_ended(struct process *process, int *status)
{
    pid_t got;
    do
        got = waitpid(process->pid, status, WNOHANG);
    while (got < 0 && errno == EINTR);
    return got != 0;
}

static void close_all(struct process *process)
{
    process_close_in(process);
    if (process->out >= 0)
        close(process->out);
    if (process->err >= 0)
        close(process->err);
    process->out = process->err = -1;
}

void process_kill(struct process *process)
{
    int status = 0;
    if (process->pid < 0)
        return;
    kill(process->pid, SIGTERM);
    for (int waited = 0; waited < GRACE; waited += PAUSE) {
        if (has_ended(process, &status)) {
            process->pid = -1;
            break;
        }
        sleep_ms(PAUSE);
    }
    if (process->pid >= 0) {
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    process->pid = -1;
    close_all(process);
}

static void wait_for_output(struct process *process)
{
    struct pollfd files[2] = {{.fd = process->err, .events = POLLIN}, {.fd = process->out, .events = POLLIN}};
    if (process->err < 0 && process->out < 0)
        sleep_ms(PAUSE);
    else
        poll(files, 2, PAUSE);
}

int process_wait(struct process *process, migrate_backup_job *job)
{
    int status = 0;
    for (;;) {
        process_listen(process, true);
        if (has_ended(process, &status))
            break;
        if (job && migrate_backup_job_cancelled(job)) {
            process_kill(process);
            return PROCESS_CANCELLED;
        }
        wait_for_output(process);
    }
    process->pid = -1;
    for (int i = 0; i < 100 && (process->err >= 0 || process->out >= 0); i++) {
        struct pollfd files[2] = {{.fd = process->err, .events = POLLIN}, {.fd = process->out, .events = POLLIN}};
        if (poll(files, 2, 0) <= 0)
            break;
        process_listen(process, true);
    }
    close_all(process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- from one into another ---- */

/* All of it, or false: it does not take any more. */
static bool write_all(struct process *to, struct process *from, const char *data, size_t length, migrate_backup_job *job)
{
    while (length > 0) {
        ssize_t got = write(to->in, data, length);
        if (got > 0) {
            data += got;
            length -= (size_t)got;
            continue;
        }
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (migrate_backup_job_cancelled(job))
            return false;
        struct pollfd file = {.fd = to->in, .events = POLLOUT};
        poll(&file, 1, PAUSE);
        process_listen(to, true);
        process_listen(from, false);
    }
    return true;
}

bool process_write(struct process *to, const char *text, migrate_backup_job *job)
{
    struct process nothing = {.pid = -1, .in = -1, .out = -1, .err = -1};
    return write_all(to, &nothing, text, strlen(text), job);
}

bool process_relay(struct process *from, struct process *to, migrate_backup_job *job)
{
    char piece[65536];
    for (;;) {
        ssize_t got = read(from->out, piece, sizeof piece);
        if (got == 0)
            break;
        if (got > 0 && !write_all(to, from, piece, (size_t)got, job))
            return false;
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (migrate_backup_job_cancelled(job))
            return false;
        process_listen(from, false);
        process_listen(to, true);
        if (got < 0) {
            struct pollfd files[3] = {{.fd = from->out, .events = POLLIN}, {.fd = from->err, .events = POLLIN}, {.fd = to->err, .events = POLLIN}};
            poll(files, 3, PAUSE);
        }
    }
    close(from->out);
    from->out = -1;
    return true;
}
