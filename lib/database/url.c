/* SPDX-License-Identifier: MIT
 * What a URL speaks of, and what of it may be shown. Masking marks every byte that may belong to a secret,
 * by all readings of the text at once, rather than to parse it as one client library would: a URL with a
 * mistake in it shows no password either. */
#include "database/engines.h"
#include "util/memory.h"

#include <string.h>

#define FORMS                                                                                                \
    "use postgresql://user@host/database, \"host=... dbname=...\", sqlite:path, sqlite::memory: or "         \
    "file:path"

/* Parameters whose value is a secret: libpq's, and those of encrypted SQLite builds. */
static const char *const secrets[] = {"password", "sslpassword", "oauth_client_secret",
                                      "key",      "hexkey",      "textkey"};

static bool is_scheme_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
}

/* Length of what stands before the colon; 0: no scheme. */
static size_t scheme_length(const char *url)
{
    size_t length = 0;

    while (is_scheme_character(url[length]))
        length++;
    return url[length] == ':' ? length : 0;
}

static const struct database_engine *engine_of_scheme(const char *scheme, size_t length)
{
    for (size_t i = 0; i < database_entry_count; i++)
        for (const char *const *known = database_entries[i].schemes; *known != NULL; known++)
            if (strlen(*known) == length && text_equal_nocase_n(*known, scheme, length))
                return database_entries[i].engine;
    return NULL;
}

/* Neither a scheme nor key=value: perhaps a path. */
static int32_t unreadable(const char *url, migrate_error **err)
{
    char *shown = database_url_masked(url);

    if (shown == NULL)
        return error_nomem(err);
    error_set(err, MIGRATE_ERROR_URL, "%s: not a database URL", shown);
    error_hint(err, "for a SQLite file write sqlite:%s; else " FORMS, shown);
    memory_free(shown);
    return MIGRATE_ERROR_URL;
}

int32_t database_url_engine(const char *url, const struct database_engine **out, migrate_error **err)
{
    const struct database_engine *engine = NULL;
    size_t length;

    if (url == NULL || *url == '\0') {
        error_set(err, MIGRATE_ERROR_URL, "no database URL was given");
        error_hint(err, FORMS);
        return MIGRATE_ERROR_URL;
    }
    length = scheme_length(url);
    if (length > 0)
        engine = engine_of_scheme(url, length);
    else if (strchr(url, '=') != NULL)
        engine = database_engine_of("postgresql"); /* libpq's key=value form */
    else
        return unreadable(url, err);
    if (engine == NULL) {
        error_set(err, MIGRATE_ERROR_URL, "%.*s: a scheme of no known engine",
                  (int)(length < 64 ? length : 64), url);
        error_hint(err, FORMS);
        return MIGRATE_ERROR_URL;
    }
    *out = engine;
    return MIGRATE_OK;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_secret(const char *key, size_t length)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (strlen(secrets[i]) == length && text_equal_nocase_n(secrets[i], key, length))
            return true;
    return false;
}

/* The "?" behind which parameters stand. A question mark that no key= follows may be part of a password. */
static const char *query_of(const char *path)
{
    for (const char *p = strchr(path, '?'); p != NULL; p = strchr(p + 1, '?'))
        if (p[1 + strcspn(p + 1, "=&@/")] == '=')
            return p;
    return path + strlen(path);
}

/* scheme://user:SECRET@host, with or without a slash that belongs there. libpq takes everything before the first '@' that no '/' precedes; a password
 * may hold an unescaped '/' or '@' all the same, so the last '@' before the query counts. */
static void mark_userinfo(const char *url, char *marks)
{
    const char *start = strstr(url, "://");
    const char *slash, *end, *at = NULL, *colon;

    if (start != NULL)
        start += 3;
    else if (scheme_length(url) > 0)
        start = url + scheme_length(url) + 1;
    else if (strchr(url, '=') == NULL)
        start = url;
    else
        return;
    slash = strchr(start, '/');
    end = slash == NULL ? start + strlen(start) : query_of(slash);
    for (const char *p = start; p < end; p++)
        if (*p == '@')
            at = p;
    if (at == NULL)
        return;
    colon = memchr(start, ':', (size_t)(at - start));
    if (colon != NULL)
        memset(marks + (colon + 1 - url), 1, (size_t)(at - colon - 1));
}

/* ?password=SECRET&sslpassword=SECRET */
static void mark_parameters(const char *url, char *marks)
{
    for (const char *p = strpbrk(url, "?&"); p != NULL; p = strpbrk(p, "?&")) {
        const char *key = ++p;
        size_t length = strcspn(key, "=&");

        if (key[length] == '=' && is_secret(key, length))
            memset(marks + (key + length + 1 - url), 1, strcspn(key + length + 1, "&"));
    }
}

/* The end of a value of libpq's key=value form: quoted, or up to white space; a backslash escapes. */
static const char *value_end(const char *value)
{
    bool quoted = *value == '\'';
    const char *p = quoted ? value + 1 : value;

    while (*p != '\0' && (quoted ? *p != '\'' : !is_space(*p)))
        p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
    return quoted && *p != '\0' ? p + 1 : p;
}

/* host=h password = 'SECRET' */
static void mark_words(const char *url, char *marks)
{
    const char *p = url;

    while (*p != '\0') {
        const char *key = p, *end, *value;
        size_t length;

        while (*p != '\0' && *p != '=' && !is_space(*p))
            p++;
        length = (size_t)(p - key);
        while (is_space(*p))
            p++;
        if (*p != '=')
            continue;
        for (value = p + 1; is_space(*value); value++)
            ;
        end = value_end(value);
        if (is_secret(key, length))
            memset(marks + (value - url), 1, (size_t)(end - value));
        p = end;
        while (is_space(*p))
            p++;
    }
}

char *database_url_masked(const char *url)
{
    struct text shown = {0};
    size_t length = url == NULL ? 0 : strlen(url);
    size_t scheme = url == NULL ? 0 : scheme_length(url);
    char *marks = memory_new(length + 1), *result;

    if (marks == NULL)
        return NULL;
    if (length > 0) {
        const struct database_engine *engine = engine_of_scheme(url, scheme);

        if (engine == NULL || engine != database_engine_of("sqlite")) /* a path may hold an '@' */
            mark_userinfo(url, marks);
        mark_parameters(url, marks);
        if (scheme == 0)
            mark_words(url, marks);
    }
    for (size_t i = 0; i < length; i++) {
        if (!marks[i])
            text_add_char(&shown, url[i]);
        else if (i == 0 || !marks[i - 1])
            text_add(&shown, "***");
    }
    memory_free(marks);
    result = text_take(&shown);
    if (result == NULL)
        text_free(&shown);
    return result;
}
