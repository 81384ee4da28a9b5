/* SPDX-License-Identifier: MIT
 * Writing JSON into a text; commas are placed by the writer. */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include "util/text.h"

struct json {
    struct text *out;
    bool comma; /* the next value needs a comma before it */
};

void json_open(struct json *json, char bracket);  /* '{' or '[' */
void json_close(struct json *json, char bracket); /* '}' or ']' */
void json_key(struct json *json, const char *key);
void json_text(struct json *json, const char *text,
               size_t length); /* invalid UTF-8 becomes U+FFFD; NULL text becomes null */
void json_int(struct json *json, int64_t number);
void json_bool(struct json *json, bool truth);
void json_null(struct json *json);

#endif
