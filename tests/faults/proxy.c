/* SPDX-License-Identifier: MIT
 * The proxy's process: one loop over all sockets; each message is taken in whole and then handed on. */
#include "proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNECTIONS = 16, CHUNK = 65536 };

struct stream {
    int from, to;
    char *bytes;
    size_t length, capacity;
    bool typed; /* all messages but the client's first have a type */
    long messages;
};

struct connection {
    bool open;
    const struct proxy_cut *cut; /* NULL: none */
    struct stream streams[2];    /* by direction */
};

static struct proxy_state *state;
static struct connection connections[CONNECTIONS];
static int listener, server_port;
static const struct proxy_cut *all_cuts;

static void die_if(bool failed)
{
    if (failed)
        _exit(9);
}

static struct sockaddr_in address(int port)
{
    struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
}

static void close_connection(struct connection *c)
{
    close(c->streams[PROXY_TO_SERVER].from);
    close(c->streams[PROXY_TO_CLIENT].from);
    free(c->streams[0].bytes);
    free(c->streams[1].bytes);
    memset(c, 0, sizeof *c);
}

static void open_connection(void)
{
    struct sockaddr_in to = address(server_port);
    int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
    struct connection *c = connections;
    while (c < connections + CONNECTIONS && c->open)
        c++;
    if (client < 0 || c == connections + CONNECTIONS || connect(server, (struct sockaddr *)&to, sizeof to) != 0) {
        close(client);
        close(server);
        return;
    }
    long number = state->connections++;
    c->open = true;
    c->cut = number < PROXY_CUTS && all_cuts[number].message ? &all_cuts[number] : NULL;
    c->streams[PROXY_TO_SERVER] = (struct stream){.from = client, .to = server};
    c->streams[PROXY_TO_CLIENT] = (struct stream){.from = server, .to = client, .typed = true};
}

/* Whoever has gone does not matter: the other side will see. */
static void hand_on(const struct stream *s, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t sent = send(s->to, s->bytes + done, length - done, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        done += (size_t)sent;
    }
}

/* The length of the first message in the buffer; 0: not there yet. */
static size_t message_length(const struct stream *s)
{
    uint32_t length;
    size_t at = s->typed;
    if (s->length < at + sizeof length)
        return 0;
    memcpy(&length, s->bytes + at, sizeof length);
    size_t whole = at + ntohl(length);
    return s->length < whole ? 0 : whole;
}

/* Hands whole messages on; true: the connection was cut. */
static bool take_messages(struct connection *c, enum proxy_direction direction)
{
    struct stream *s = &c->streams[direction];
    for (size_t length; (length = message_length(s)) > 0;) {
        bool first = c == connections && state->connections == 1;
        s->messages++;
        if (first)
            state->messages[direction] = s->messages;
        if (c->cut && c->cut->direction == direction && c->cut->message == s->messages) {
            if (state->cut++ == 0)
                state->type = s->typed ? s->bytes[0] : '\0';
            hand_on(s, c->cut->where == PROXY_BEFORE ? 0 : c->cut->where == PROXY_INSIDE ? length / 2 : length);
            return true;
        }
        hand_on(s, length);
        s->typed = true;
        memmove(s->bytes, s->bytes + length, s->length - length);
        s->length -= length;
    }
    return false;
}

static void receive(struct connection *c, enum proxy_direction direction)
{
    struct stream *s = &c->streams[direction];
    if (s->capacity - s->length < CHUNK) {
        s->capacity = s->capacity * 2 + CHUNK;
        s->bytes = realloc(s->bytes, s->capacity);
        die_if(!s->bytes);
    }
    ssize_t got = recv(s->from, s->bytes + s->length, CHUNK, 0);
    if (got > 0)
        s->length += (size_t)got;
    if (got <= 0 || take_messages(c, direction))
        close_connection(c);
}

static void serve(void)
{
    for (;;) {
        struct pollfd fds[1 + 2 * CONNECTIONS] = {{.fd = listener, .events = POLLIN}};
        for (int i = 0; i < 2 * CONNECTIONS; i++) {
            const struct connection *c = &connections[i / 2];
            fds[1 + i] = (struct pollfd){.fd = c->open ? c->streams[i % 2].from : -1, .events = POLLIN};
        }
        die_if(poll(fds, 1 + 2 * CONNECTIONS, -1) < 0);
        for (int i = 0; i < 2 * CONNECTIONS; i++)
            if (fds[1 + i].revents && connections[i / 2].open)
                receive(&connections[i / 2], (enum proxy_direction)(i % 2));
        if (fds[0].revents)
            open_connection();
    }
}

void proxy_start(struct proxy *proxy, int server, const struct proxy_cut cuts[PROXY_CUTS])
{
    struct sockaddr_in own = address(0);
    socklen_t size = sizeof own;
    proxy->state = mmap(NULL, sizeof *proxy->state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    state = proxy->state;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    die_if(proxy->state == MAP_FAILED || listener < 0 || bind(listener, (struct sockaddr *)&own, sizeof own) != 0 ||
           listen(listener, CONNECTIONS) != 0 || getsockname(listener, (struct sockaddr *)&own, &size) != 0);
    proxy->port = ntohs(own.sin_port);
    proxy->process = fork();
    die_if(proxy->process < 0);
    if (proxy->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        server_port = server;
        all_cuts = cuts;
        serve();
    }
    close(listener);
}

void proxy_stop(struct proxy *proxy)
{
    kill(proxy->process, SIGKILL);
    waitpid(proxy->process, NULL, 0);
    munmap(proxy->state, sizeof *proxy->state);
    memset(proxy, 0, sizeof *proxy);
}
