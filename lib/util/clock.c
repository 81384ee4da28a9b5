/* SPDX-License-Identifier: MIT
 * Time, waiting and randomness, and durations as people write them. */
#include "util/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Largest first: the shortest exact form of a duration uses the first unit that divides it. */
static const struct {
    const char *name;
    int64_t microseconds;
} units[] = {{"d", INT64_C(86400000000)},
             {"h", INT64_C(3600000000)},
             {"min", 60000000},
             {"s", 1000000},
             {"ms", 1000},
             {"us", 1}};

#define UNIT_COUNT (sizeof units / sizeof units[0])

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

void clock_sleep(int64_t microseconds)
{
    struct timespec pause;

    if (microseconds <= 0)
        return;
    pause.tv_sec = (time_t)(microseconds / 1000000);
    pause.tv_nsec = (long)(microseconds % 1000000 * 1000);
    nanosleep(&pause, NULL);
}

bool clock_random(void *out, size_t size)
{
    unsigned char *bytes = out;

    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

uint32_t clock_jitter(uint32_t below)
{
    uint32_t number;

    /* Without a generator the clock will do: jitter only has to keep many processes from marching in step. */
    if (!clock_random(&number, sizeof number))
        number = (uint32_t)clock_monotonic();
    return below > 0 ? number % below : 0;
}

bool clock_duration(const char *text, int64_t *out_microseconds)
{
    int64_t number = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        int64_t digit = *at - '0';

        if (number > (INT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (at == text)
        return false;
    if (*at == '\0' && number == 0) {
        *out_microseconds = 0;
        return true;
    }
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(at, units[i].name) != 0)
            continue;
        if (number > INT64_MAX / units[i].microseconds)
            return false;
        *out_microseconds = number * units[i].microseconds;
        return true;
    }
    return false;
}

const char *clock_duration_text(int64_t microseconds, char *buffer)
{
    size_t i = 0;

    while (microseconds % units[i].microseconds != 0)
        i++;
    if (microseconds == 0)
        snprintf(buffer, 32, "0");
    else
        snprintf(buffer, 32, "%lld%s", (long long)(microseconds / units[i].microseconds), units[i].name);
    return buffer;
}
