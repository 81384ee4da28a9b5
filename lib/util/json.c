/* SPDX-License-Identifier: MIT
 * Writing JSON. What comes out is always valid UTF-8, whatever a database or a file name held. */
#include "util/json.h"

#include "util/utf8.h"

#include <string.h>

static void begin_value(struct json *json)
{
    if (json->comma)
        text_add_char(json->out, ',');
    json->comma = true;
}

void json_open(struct json *json, char bracket)
{
    begin_value(json);
    text_add_char(json->out, bracket);
    json->comma = false;
}

void json_close(struct json *json, char bracket)
{
    text_add_char(json->out, bracket);
    json->comma = true;
}

static void add_escape(struct text *out, unsigned char c)
{
    static const char letters[] = "btn\0fr"; /* \b is 8 ... \r is 13; \v has none */

    if (c == '"' || c == '\\')
        text_format(out, "\\%c", c);
    else if (c >= '\b' && c <= '\r' && letters[c - '\b'] != '\0')
        text_format(out, "\\%c", letters[c - '\b']);
    else
        text_format(out, "\\u%04x", (unsigned)c);
}

/* Valid UTF-8 without NUL. */
static void add_valid(struct text *out, const char *text, size_t length)
{
    size_t start = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_add_n(out, text + start, i - start);
        add_escape(out, c);
        start = i + 1;
    }
    text_add_n(out, text + start, length - start);
}

static void add_string(struct text *out, const char *text, size_t length)
{
    size_t at = 0;

    text_add_char(out, '"');
    while (at < length) {
        size_t valid = utf8_invalid(text + at, length - at);

        add_valid(out, text + at, valid);
        at += valid;
        if (at == length)
            break;
        text_add(out, text[at] == '\0' ? "\\u0000" : "\xEF\xBF\xBD");
        at++;
    }
    text_add_char(out, '"');
}

void json_key(struct json *json, const char *key)
{
    begin_value(json);
    add_string(json->out, key, strlen(key));
    text_add_char(json->out, ':');
    json->comma = false;
}

void json_text(struct json *json, const char *text, size_t length)
{
    if (text == NULL) {
        json_null(json);
        return;
    }
    begin_value(json);
    add_string(json->out, text, length);
}

void json_int(struct json *json, int64_t number)
{
    begin_value(json);
    text_add_int(json->out, number);
}

void json_bool(struct json *json, bool truth)
{
    begin_value(json);
    text_add(json->out, truth ? "true" : "false");
}

void json_null(struct json *json)
{
    begin_value(json);
    text_add(json->out, "null");
}
