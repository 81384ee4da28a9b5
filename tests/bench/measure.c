/* SPDX-License-Identifier: MIT
 * Runs a command with its output thrown away and prints what it took, its whole tree of processes included:
 * wall microseconds, CPU microseconds, peak memory in KiB. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static int64_t microseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void become(char **command)
{
    int out = open("/dev/null", O_WRONLY);

    if (out >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int count, char **words)
{
    struct rusage used;
    int64_t begun = now();
    int status = 0;
    pid_t child;

    if (count < 2) {
        fputs("usage: measure COMMAND ARGUMENT...\n", stderr);
        return 64;
    }
    child = fork();
    if (child == 0)
        become(words + 1);
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror("measure");
        return 1;
    }
    if (status != 0) {
        fprintf(stderr, "measure: %s failed\n", words[1]);
        return 1;
    }
    printf("%lld %lld %ld\n", (long long)(now() - begun),
           (long long)(microseconds(used.ru_utime) + microseconds(used.ru_stime)), used.ru_maxrss);
    return 0;
}
