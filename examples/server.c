/* SPDX-License-Identifier: MIT
 * A server that brings its database up to date before it listens, and whose readiness answers for the schema:
 * GET /ready is 200 where the database is what this build was made for, or compatibly ahead of it, else 503 with
 * the reason. That is a session in mode check: it writes nothing, takes no lock and costs one query.
 *
 *     DATABASE_URL=... MIGRATIONS_DIR=migrations PORT=8080 server
 *
 * SIGTERM and Ctrl-C end it at any time. In the middle of a migration that one is cancelled and rolled back.
 */
#include <migrate.h>

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static migrate_token *token; /* where a signal handler finds it */

static void end(int number)
{
    (void)number;
    migrate_token_cancel(token);
}

static int fail(migrate_error *err)
{
    char *text = NULL;
    if (migrate_error_text(err, &text) == MIGRATE_OK)
        fprintf(stderr, "%s\n", text);
    migrate_free(text);
    migrate_error_free(err);
    return 1;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0) {
        perror("server");
        exit(1);
    }
    return fd;
}

/* The whole idea: what the library answers is what the orchestrator sees. */
static int ready(migrate_session *session, char *why, size_t size)
{
    migrate_error *err = NULL;
    int32_t code = migrate_startup_session(session, NULL, &err);
    snprintf(why, size, "%s",
             code == MIGRATE_OK ? "current" : code < 0 ? migrate_error_message(err) : "migrations are pending");
    migrate_error_free(err);
    return code == MIGRATE_OK;
}

static void answer(int listener, migrate_session *session)
{
    char request[1024] = "", body[512] = "not here", response[1024];
    const char *status = "404 Not Found";
    struct timeval patience = {.tv_sec = 2};
    int fd = accept(listener, NULL, NULL);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (recv(fd, request, sizeof request - 1, 0) > 0) {
        if (strncmp(request, "GET /ready ", 11) == 0)
            status = ready(session, body, sizeof body) ? "200 OK" : "503 Service Unavailable";
        else if (strncmp(request, "GET / ", 6) == 0)
            status = "200 OK", strcpy(body, "hello");
        snprintf(response, sizeof response, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                 status, strlen(body), body);
        send(fd, response, strlen(response), MSG_NOSIGNAL);
    }
    close(fd);
}

static void serve(int listener, migrate_session *session)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    while (migrate_token_state(token) == 0) {
        if (poll(&waiting, 1, 200) > 0)
            answer(listener, session);
    }
    close(listener);
}

/* Migrates, then opens the session that readiness asks. wait_timeout is how long that may wait for the database. */
static int32_t start(migrate_options *options, migrate_session **session, migrate_error **err)
{
    int32_t code = migrate_startup(NULL, options, NULL, err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "mode", "check", err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "wait_timeout", "2s", err);
    return code == MIGRATE_OK ? migrate_open(NULL, options, session, err) : code;
}

int main(void)
{
    const char *dir = getenv("MIGRATIONS_DIR"), *port = getenv("PORT");
    migrate_options *options = NULL;
    migrate_session *session = NULL;
    migrate_error *err = NULL;
    struct sigaction ending = {.sa_handler = end};
    int status = 0;

    if (!dir || !port || migrate_token_new(&token, &err) != MIGRATE_OK || sigaction(SIGTERM, &ending, NULL) != 0 ||
        sigaction(SIGINT, &ending, NULL) != 0)
        return err ? fail(err) : (fprintf(stderr, "DATABASE_URL, MIGRATIONS_DIR and PORT, please\n"), 64);
    if (migrate_options_new(&options, &err) != MIGRATE_OK ||
        migrate_options_from_environment(options, &err) != MIGRATE_OK || /* DATABASE_URL, MIGRATE_... */
        migrate_options_set(options, "dir", dir, &err) != MIGRATE_OK ||
        migrate_options_set_token(options, token, &err) != MIGRATE_OK || start(options, &session, &err) != MIGRATE_OK)
        status = fail(err);
    else
        serve(listen_on((uint16_t)atoi(port)), session);
    migrate_close(session);
    migrate_options_free(options);
    migrate_token_free(token);
    return status;
}
