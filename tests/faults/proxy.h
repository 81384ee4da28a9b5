/* SPDX-License-Identifier: MIT
 * A proxy before a PostgreSQL server that cuts a connection at a message, in a process of its own. It counts the messages of
 * the protocol in either direction and knows nothing else of them. */
#ifndef TEST_PROXY_H
#define TEST_PROXY_H

#include <stdbool.h>
#include <sys/types.h>

enum proxy_direction { PROXY_TO_SERVER, PROXY_TO_CLIENT };
enum proxy_where { PROXY_BEFORE, PROXY_INSIDE, PROXY_AFTER, PROXY_WHERES };

/* One connection is cut there; message 0: it is not. */
struct proxy_cut {
    enum proxy_direction direction;
    enum proxy_where where; /* before the message is handed on, behind half of its bytes, or behind all of them */
    long message;           /* counted from 1 */
};

enum { PROXY_CUTS = 3 };

struct proxy {
    pid_t process;
    int port;
    /* Shared with the process. */
    struct proxy_state {
        long connections;
        long cut;         /* how many connections were */
        long messages[2]; /* of the first connection, by direction */
        char type;        /* of the message at the first cut; 0: the start-up message */
    } *state;
};

/* Before the server on this port of 127.0.0.1. The n-th connection is cut as cuts[n] says; those behind them are left alone. */
void proxy_start(struct proxy *proxy, int server, const struct proxy_cut cuts[PROXY_CUTS]);
void proxy_stop(struct proxy *proxy);

#endif
