/* SPDX-License-Identifier: MIT
 * Token and watch. */
#include "util/watch.h"

#include "util/clock.h"

#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>

static migrate_token *new_token(void)
{
    migrate_token *token = NULL;

    ck_assert_int_eq(token_new(&token, NULL), MIGRATE_OK);
    return token;
}

START_TEST(a_token_only_rises)
{
    migrate_token *token = new_token();

    ck_assert_int_eq(token_state(token), 0);
    token_raise(token, 2);
    token_raise(token, 1);
    ck_assert_int_eq(token_state(token), 2);
    ck_assert_ptr_eq(token_ref(token), token);
    token_unref(token);
    ck_assert_int_eq(token_state(token), 2); /* one reference is left */
    token_unref(token);
    token_unref(NULL);
    ck_assert_ptr_null(token_ref(NULL));
    token_raise(NULL, 2);
    ck_assert_int_eq(token_state(NULL), 0);
}
END_TEST

struct counted {
    struct token_work work;
    int interrupts;
};

static void count_interrupt(struct token_work *work)
{
    ((struct counted *)work)->interrupts++;
}

START_TEST(a_cancel_interrupts_the_work)
{
    struct counted works[9];
    migrate_token *token = new_token();

    for (int i = 0; i < 9; i++) {
        works[i] = (struct counted){.work.interrupt = count_interrupt};
        ck_assert_int_eq(token_enter(token, &works[i].work), i < 8); /* the ninth finds no room */
    }
    token_raise(token, 1);
    ck_assert_int_eq(works[0].interrupts, 0);
    token_leave(token, &works[3].work);
    token_leave(token, &works[8].work); /* which was not in */
    token_raise(token, 2);
    token_raise(token, 2);
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(works[i].interrupts, i == 3 || i == 8 ? 0 : 2);
    token_unref(token);
}
END_TEST

START_TEST(check_answers)
{
    struct watch watch = {0};

    ck_assert_int_eq(watch_check(NULL), 0);
    ck_assert_int_eq(watch_check(&watch), 0);
    watch.deadline = clock_monotonic() + 60000000;
    ck_assert_int_eq(watch_check(&watch), 0);
    watch.deadline = clock_monotonic();
    ck_assert_int_eq(watch_check(&watch), MIGRATE_ERROR_TIMEOUT);
    watch.token = new_token();
    token_raise(watch.token, 1);
    ck_assert_int_eq(watch_check(&watch), MIGRATE_ERROR_TIMEOUT); /* stop is not cancel */
    token_raise(watch.token, 2);
    ck_assert_int_eq(watch_check(&watch), MIGRATE_ERROR_CANCELLED);
    token_unref(watch.token);
}
END_TEST

static int32_t count_tick(void *user)
{
    int *calls = user;

    return ++*calls >= 2;
}

START_TEST(ticks_come_once_a_second)
{
    int calls = 0;
    struct watch watch = {.tick = count_tick, .user = &calls};

    watch_start(NULL);
    watch_start(&watch);
    ck_assert_int_eq(watch_check(&watch), 0);
    ck_assert_int_eq(calls, 0);
    watch.next_tick = clock_monotonic();
    ck_assert_int_eq(watch_check(&watch), 0);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(watch_check(&watch), 0);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_gt(watch.next_tick, clock_monotonic() + 500000);
    watch.next_tick = clock_monotonic();
    ck_assert_int_eq(watch_check(&watch), MIGRATE_ERROR_CANCELLED);
    ck_assert(watch.cancelled_by_host);
    ck_assert_int_eq(watch_check(&watch), MIGRATE_ERROR_CANCELLED);
    ck_assert_int_eq(calls, 2);
}
END_TEST

START_TEST(sleep_ends_by_time_deadline_and_stop)
{
    struct watch watch = {0};
    int64_t before = clock_monotonic();

    ck_assert_int_eq(watch_sleep(NULL, 10000, true), 0);
    ck_assert_int_eq(watch_sleep(&watch, 120000, true), 0);
    ck_assert_int_ge(clock_monotonic() - before, 130000);
    watch.deadline = clock_monotonic() + 20000;
    ck_assert_int_eq(watch_sleep(&watch, 60000000, false), MIGRATE_ERROR_TIMEOUT);
    watch.deadline = 0;
    watch.token = new_token();
    token_raise(watch.token, 1);
    ck_assert_int_eq(watch_sleep(&watch, 60000000, true), MIGRATE_ERROR_CANCELLED);
    ck_assert_int_eq(watch_sleep(&watch, 1000, false), 0);
    ck_assert_int_lt(clock_monotonic() - before, 3000000);
    token_unref(watch.token);
}
END_TEST

static migrate_token *signalled;

static void on_alarm(int number)
{
    (void)number;
    token_raise(signalled, 2);
}

START_TEST(a_signal_handler_may_cancel)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    struct watch watch = {0};
    int64_t before = clock_monotonic();

    watch.token = signalled = new_token();
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
    ck_assert_int_eq(watch_sleep(&watch, 3000000, false), MIGRATE_ERROR_CANCELLED);
    ck_assert_int_lt(clock_monotonic() - before, 1500000);
    token_unref(signalled);
}
END_TEST

START_TEST(errors_say_who_cancelled)
{
    migrate_error *err = NULL;
    struct watch watch = {.cancelled_by_host = true};

    ck_assert_int_eq(watch_error(&watch, MIGRATE_OK, &err), MIGRATE_OK);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(watch_error(&watch, MIGRATE_ERROR_CANCELLED, &err), MIGRATE_ERROR_CANCELLED);
    ck_assert_ptr_nonnull(strstr(err->message, "event callback"));
    ck_assert_ptr_nonnull(err->hint);
    ck_assert_int_eq(watch_error(NULL, MIGRATE_ERROR_CANCELLED, &err), MIGRATE_ERROR_CANCELLED);
    ck_assert_ptr_nonnull(strstr(err->message, "token"));
    watch = (struct watch){.token = new_token()};
    token_raise(watch.token, 1);
    watch_error(&watch, MIGRATE_ERROR_CANCELLED, &err);
    ck_assert_ptr_nonnull(strstr(err->message, "stopped"));
    ck_assert_int_eq(watch_error(&watch, MIGRATE_ERROR_TIMEOUT, &err), MIGRATE_ERROR_TIMEOUT);
    ck_assert_ptr_nonnull(err->hint);
    token_unref(watch.token);
    error_clear(&err);
}
END_TEST

UNIT("util/watch", a_token_only_rises, a_cancel_interrupts_the_work, check_answers, ticks_come_once_a_second,
     sleep_ends_by_time_deadline_and_stop, a_signal_handler_may_cancel, errors_say_who_cancelled)
