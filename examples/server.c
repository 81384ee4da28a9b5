/* SPDX-License-Identifier: MIT
 * A server whose readiness answers for its schema: GET /ready is 503 while migrations are pending and 200
 * when the database is what this build was made for. Mode check writes nothing, takes no lock and costs one
 * query.
 *
 *     server URL DIR PORT       serve on the loopback address until killed
 *     server --once URL DIR     ask itself once before and once after the migrations, for the tests
 */
#include <migrate.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0) {
        perror("server");
        exit(1);
    }
    return fd;
}

/* The whole idea: what the library answers is what the orchestrator sees. */
static const char *readiness(migrate_session *session)
{
    migrate_error *err = NULL;
    int32_t code = migrate_startup_session(session, NULL, &err);
    if (code < 0)
        fail(err);
    return code == MIGRATE_OK ? "200 OK" : "503 Service Unavailable"; /* MIGRATE_PENDING, or an error */
}

static void answer(int listener, migrate_session *session)
{
    char request[1024] = "", response[256];
    int fd = accept(listener, NULL, NULL);
    if (recv(fd, request, sizeof request - 1, 0) > 0) {
        const char *status = strncmp(request, "GET /ready ", 11) == 0 ? readiness(session) : "404 Not Found";
        snprintf(response, sizeof response, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                 status);
        send(fd, response, strlen(response), MSG_NOSIGNAL);
    }
    close(fd);
}

/* Asks from this very thread: the request waits in the listener's queue until answer() takes it. */
static int ask(int listener, migrate_session *session)
{
    static const char request[] = "GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char response[256] = "";
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = 0;

    if (getsockname(listener, (struct sockaddr *)&address, &length) == 0 &&
        connect(fd, (struct sockaddr *)&address, length) == 0 &&
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0) {
        answer(listener, session);
        if (recv(fd, response, sizeof response - 1, 0) > 9)
            status = atoi(response + strlen("HTTP/1.1 "));
    }
    close(fd);
    printf("GET /ready: %d\n", status);
    return status;
}

/* Pending; then somebody migrates (in real life another process); then ready. */
static int ask_once(int listener, migrate_session *session, const char *url, migrate_options *options)
{
    migrate_error *err = NULL;
    int before = ask(listener, session);
    if (migrate_options_set(options, "mode", "apply", &err) != MIGRATE_OK ||
        migrate_startup(url, options, NULL, &err) != MIGRATE_OK)
        return fail(err);
    return before == 503 && ask(listener, session) == 200 ? 0 : 1;
}

int main(int argc, char **argv)
{
    migrate_options *options = NULL;
    migrate_session *session = NULL;
    migrate_error *err = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: server URL DIR PORT | server --once URL DIR\n");
        return 64;
    }
    int once = strcmp(argv[1], "--once") == 0, status;
    int listener = listen_on(once ? 0 : (uint16_t)atoi(argv[3]));
    if (migrate_options_new(&options, &err) != MIGRATE_OK ||
        migrate_options_set(options, "dir", argv[2 + once], &err) != MIGRATE_OK ||
        migrate_options_set(options, "mode", "check", &err) != MIGRATE_OK ||
        migrate_open(argv[1 + once], options, &session, &err) != MIGRATE_OK)
        status = fail(err);
    else if (once)
        status = ask_once(listener, session, argv[2], options);
    else
        for (;;)
            answer(listener, session);
    migrate_close(session);
    migrate_options_free(options);
    return status;
}
