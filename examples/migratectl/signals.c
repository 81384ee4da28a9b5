/* SPDX-License-Identifier: MIT
 * Ctrl-C and SIGTERM: the first stops at the next safe point, the second cancels the statement that runs, the
 * third leaves at once. The handler touches the token and nothing else. */
#include "migratectl.h"

#include <signal.h>
#include <unistd.h>

static migrate_token *signal_token;
static volatile sig_atomic_t first_signal, signal_count;

static void on_signal(int number)
{
    signal_count++;
    if (signal_count > 2)
        _exit(128 + number);
    if (signal_count == 2) {
        migrate_token_cancel(signal_token);
        return;
    }
    first_signal = number;
    migrate_token_stop(signal_token);
}

void signals_install(migrate_token *token)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigemptyset(&ignore.sa_mask);
    signal_token = token;
    /* A reader of our output that goes away must not end a migration half-way: writing fails instead. */
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void signals_restore(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

int signals_received(void)
{
    return first_signal;
}
