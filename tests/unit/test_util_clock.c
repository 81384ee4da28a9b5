/* SPDX-License-Identifier: MIT
 * Durations, the clock and randomness. */
#include "util/clock.h"
#include "util/size.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

START_TEST(durations_are_read)
{
    static const struct {
        const char *text;
        int64_t microseconds;
    } cases[] = {{"0", 0},           {"0s", 0},
                 {"250us", 250},     {"500ms", 500000},
                 {"30s", 30000000},  {"5min", 300000000},
                 {"2h", 7200000000}, {"1d", 86400000000},
                 {"00", 0},          {"9223372036854775807us", INT64_MAX}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t got = -1;

        ck_assert_msg(clock_duration(cases[i].text, &got), "%s", cases[i].text);
        ck_assert_int_eq(got, cases[i].microseconds);
    }
}
END_TEST

START_TEST(other_texts_are_refused)
{
    static const char *const cases[] = {"",
                                        "5",
                                        "s",
                                        "-1s",
                                        "1.5s",
                                        " 1s",
                                        "1 s",
                                        "1s ",
                                        "1m",
                                        "1S",
                                        "1sec",
                                        "none",
                                        "1s30s",
                                        "+1s",
                                        "9223372036854775808us",
                                        "107000000d",
                                        "99999999999999999999s"};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t got = 42;

        ck_assert_msg(!clock_duration(cases[i], &got), "%s", cases[i]);
        ck_assert_int_eq(got, 42);
    }
}
END_TEST

START_TEST(durations_are_written_short_and_exact)
{
    static const struct {
        int64_t microseconds;
        const char *text;
    } cases[] = {{0, "0"},
                 {1, "1us"},
                 {1000, "1ms"},
                 {1500, "1500us"},
                 {90000000, "90s"},
                 {300000000, "5min"},
                 {86400000000, "1d"},
                 {90000000000, "25h"},
                 {INT64_MAX, "9223372036854775807us"}};
    char buffer[32];
    int64_t back;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_str_eq(clock_duration_text(cases[i].microseconds, buffer), cases[i].text);
        ck_assert(clock_duration(buffer, &back));
        ck_assert_int_eq(back, cases[i].microseconds);
    }
}
END_TEST

START_TEST(the_clock_moves_and_sleep_sleeps)
{
    int64_t before = clock_monotonic();

    clock_sleep(20000);
    ck_assert_int_ge(clock_monotonic() - before, 20000);
    before = clock_monotonic();
    clock_sleep(0);
    clock_sleep(-1000000);
    ck_assert_int_lt(clock_monotonic() - before, 1000000);
    ck_assert_int_lt(llabs(clock_wall() - (int64_t)time(NULL) * 1000000), 3000000);
}
END_TEST

START_TEST(random_bytes_differ)
{
    unsigned char a[1000], b[1000];

    ck_assert(clock_random(a, sizeof a) && clock_random(b, sizeof b));
    ck_assert_int_ne(memcmp(a, b, sizeof a), 0);
    ck_assert_int_ne(memcmp(a + 984, b + 984, 16), 0); /* the end is filled, too */
}
END_TEST

START_TEST(jitter_stays_below)
{
    unsigned seen = 0;

    for (int i = 0; i < 200; i++) {
        uint32_t number = clock_jitter(4);

        ck_assert_uint_lt(number, 4);
        seen |= 1U << number;
    }
    ck_assert_uint_eq(seen, 15);
    ck_assert_uint_eq(clock_jitter(0), 0);
    ck_assert_uint_eq(clock_jitter(1), 0);
}
END_TEST

START_TEST(sizes_are_read)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {{"0", 0}, {"1B", 1}, {"10kB", 10000}, {"500MB", 500000000}, {"2gb", 2000000000}, {"1TiB", INT64_C(1) << 40}, {"3KiB", 3072}, {"7MiB", 7 << 20}};
    static const char *const wrong[] = {"", "1", "MB", "-1MB", "1.5GB", "1 MB", "1PB", "9223372036854775807kB", "99999999999999999999B"};
    int64_t got = -1;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(size_read(cases[i].text, &got), "%s", cases[i].text);
        ck_assert_int_eq(got, cases[i].bytes);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(!size_read(wrong[i], &got), "%s", wrong[i]);
}
END_TEST

UNIT("util/clock", durations_are_read, sizes_are_read, other_texts_are_refused, durations_are_written_short_and_exact,
     the_clock_moves_and_sleep_sleeps, random_bytes_differ, jitter_stays_below)
