/* SPDX-License-Identifier: MIT
 * What names a PostgreSQL database, with the password taken out: a child's arguments can be read by everybody on the machine. */
#include "backup_program.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %41 is A. */
static const char *decoded(const char *text, size_t length)
{
    char *copy = cli_copy_n(text, length), *to = copy;
    for (const char *at = copy; *at; at++) {
        if (*at == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
            *to++ = (char)(hex(at[1]) * 16 + hex(at[2]));
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return copy;
}

static const char *variable(const char *value)
{
    return cli_format("PGPASSWORD=%s", value);
}

static bool is_key(const char *key, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(key, word, length) == 0;
}

/* Behind the ?: all parameters but the password. */
static const char *parameters(const char *at, const char **out_password, const char **out_bad)
{
    const char *kept = "";
    while (*at) {
        size_t length = strcspn(at, "&"), key = strcspn(at, "=&");
        if (is_key(at, key, "password") && at[key] == '=')
            *out_password = variable(decoded(at + key + 1, length - key - 1));
        else if (is_key(at, key, "sslpassword"))
            *out_bad = "sslpassword";
        else
            kept = cli_format("%s%c%s", kept, *kept ? '&' : '?', cli_copy_n(at, length));
        at += length + (at[length] == '&');
    }
    return kept;
}

/* postgresql://user:password@host:port,host/database?parameters */
static const char *from_uri(const char *url, const char **out_password, const char **out_bad)
{
    const char *authority = strstr(url, "://") + 3;
    size_t length = strcspn(authority, "/?"), scheme = (size_t)(authority - url), user = 0;
    const char *at = NULL;
    for (size_t i = 0; i < length && !at; i++) /* an @ in a password is written %40 */
        at = authority[i] == '@' ? authority + i : NULL;
    const char *host = at ? at + 1 : authority;
    if (at)
        user = strcspn(authority, ":@");
    if (at && authority[user] == ':')
        *out_password = variable(decoded(authority + user + 1, (size_t)(at - authority) - user - 1));
    size_t middle = strcspn(host, "?");
    const char *rest = host[middle] == '?' ? parameters(host + middle + 1, out_password, out_bad) : "";
    return cli_format("%s%s%s%s%s", cli_copy_n(url, scheme), cli_copy_n(authority, user), at ? "@" : "", cli_copy_n(host, middle), rest);
}

/* The end of a value: quoted, with backslashes, or up to a blank. Its meaning goes to out. */
static const char *read_value(const char *at, char *out)
{
    bool quoted = *at == '\'';
    at += quoted;
    while (*at && (quoted ? *at != '\'' : !isspace((unsigned char)*at))) {
        if (*at == '\\' && at[1])
            at++;
        *out++ = *at++;
    }
    *out = '\0';
    return at + (quoted && *at);
}

/* host=... password='...' */
static const char *from_keywords(const char *url, const char **out_password, const char **out_bad)
{
    const char *kept = "", *at = url;
    char *value = cli_alloc(strlen(url) + 1);
    for (;;) {
        at += strspn(at, " \t\r\n\f\v");
        if (!*at)
            return kept;
        const char *begin = at;
        size_t key = strcspn(at, "= \t\r\n\f\v");
        at += key;
        at += strspn(at, " \t\r\n\f\v");
        if (*at != '=')
            return url; /* libpq will say what is wrong with it; there is no password in what has no = */
        at++;
        at += strspn(at, " \t\r\n\f\v");
        at = read_value(at, value);
        if (is_key(begin, key, "password"))
            *out_password = variable(value);
        else if (is_key(begin, key, "sslpassword"))
            *out_bad = "sslpassword";
        else
            kept = cli_format("%s%s%s", kept, *kept ? " " : "", cli_copy_n(begin, (size_t)(at - begin)));
    }
}

const char *conninfo_without_password(const char *url, const char **out_password, const char **out_bad)
{
    *out_password = *out_bad = NULL;
    if (strstr(url, "://"))
        return from_uri(url, out_password, out_bad);
    return strchr(url, '=') ? from_keywords(url, out_password, out_bad) : url;
}
