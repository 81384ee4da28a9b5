/* SPDX-License-Identifier: MIT
 * Tokens as the engines' own scanners see them, as far as it matters for where a statement ends. One table
 * says what a byte may begin; each kind of token is one small loop, so that reading is linear. */
#include "sql/sql.h"

#include "sql/internal.h"
#include "util/text.h"

#include <string.h>

/* What a byte begins (low bits) and where else it may stand (high bits). */
enum {
    START_SYMBOL,
    START_SPACE,
    START_WORD,
    START_NUMBER,
    START_STRING,
    START_NAME,
    START_BACKTICK,
    START_BRACKET,
    START_OPEN,
    START_CLOSE,
    START_SEMICOLON,
    START_BACKSLASH,
    START_DOLLAR,
    START_DOT,
    START_COLON,
    START_OPERATOR,
    START_MINUS,
    START_SLASH,
    START_MASK = 0x1F,
    IN_WORD = 0x80,
    IN_OPERATOR = 0x40,
    DULL = 0x20 /* begins nothing that a splitter must look at */
};

#define _ (START_SYMBOL | DULL)
#define S (START_SPACE | DULL)
#define L (START_WORD | IN_WORD | DULL)
#define D (START_NUMBER | IN_WORD | DULL)
#define M (START_DOLLAR | IN_WORD)
#define Q START_STRING
#define N START_NAME
#define B (START_BACKTICK | IN_OPERATOR)
#define K START_BRACKET
#define O START_OPEN
#define C START_CLOSE
#define E START_SEMICOLON
#define H START_BACKSLASH
#define F (START_DOT | DULL)
#define G (START_COLON | DULL)
#define P (START_OPERATOR | IN_OPERATOR | DULL)
#define I (START_MINUS | IN_OPERATOR)
#define J (START_SLASH | IN_OPERATOR)
/* clang-format off */
static const unsigned char classes[256] = {
    _, _, _, _, _, _, _, _, _, S, S, S, S, S, _, _,
    _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _,
    S, P, N, P, M, P, P, Q, O, C, P, P, _, I, F, J,
    D, D, D, D, D, D, D, D, D, D, G, E, P, P, P, P,
    P, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, K, H, _, P, L,
    B, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, _, P, _, P, _,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
};
/* clang-format on */

struct input {
    const struct sql_dialect *dialect;
    const char *text;
    size_t length;
    bool *open; /* becomes true where a token depends on what may follow the text, however short it is */
};

/* How many bytes behind itself any other token depends on: u&' begins a string. */
#define LOOK_AHEAD 2
/* PostgreSQL knows no longer operators. Without a limit, a text of +-+-+- would be read again and again. */
#define OPERATOR_MOST 63

static unsigned class_at(const struct input *in, size_t at)
{
    return classes[(unsigned char)in->text[at]];
}

static bool is_at(const struct input *in, size_t at, char c)
{
    return at < in->length && in->text[at] == c;
}

static size_t find(const struct input *in, size_t at, char c)
{
    const char *found = memchr(in->text + at, c, in->length - at);

    return found != NULL ? (size_t)(found - in->text) : in->length;
}

static size_t line_end(const struct input *in, size_t at)
{
    size_t end = find(in, at, '\n');
    const char *ret = memchr(in->text + at, '\r', end - at);

    return ret != NULL ? (size_t)(ret - in->text) : end;
}

/* Each of the following gets the offset behind the token's opening and returns its end; *closed becomes false
 * if the text ends first. */

/* Doubling the quote stands for the quote itself. */
static size_t quoted(const struct input *in, size_t at, char quote, bool *closed)
{
    for (;;) {
        at = find(in, at, quote);
        if (at == in->length) {
            *closed = false;
            return at;
        }
        at++;
        if (!is_at(in, at, quote))
            return at;
        at++;
    }
}

static size_t escaped(const struct input *in, size_t at, bool *closed)
{
    while (at < in->length) {
        if (in->text[at] == '\\' && at + 1 < in->length)
            at++;
        else if (in->text[at] == '\'' && is_at(in, at + 1, '\''))
            at++;
        else if (in->text[at] == '\'')
            return at + 1;
        at++;
    }
    *closed = false;
    return at;
}

/* PostgreSQL: strings with nothing but white space and a newline between them are one, so that the next part
 * has backslashes too although no E stands before it. Gives the offset behind the quote that goes on, or 0.
 */
static size_t continued(const struct input *in, size_t at)
{
    bool newline = false;

    while (at < in->length) {
        if (is_at(in, at, '-') && is_at(in, at + 1, '-')) {
            at = line_end(in, at);
            continue;
        }
        if ((class_at(in, at) & START_MASK) != START_SPACE)
            break;
        newline = newline || in->text[at] == '\n' || in->text[at] == '\r';
        at++;
    }
    if (at + 1 >= in->length)
        *in->open = true;
    return newline && is_at(in, at, '\'') ? at + 1 : 0;
}

static size_t escape_string(const struct input *in, size_t at, bool *closed)
{
    size_t end;

    for (;;) {
        end = escaped(in, at, closed);
        at = *closed ? continued(in, end) : 0;
        if (at == 0)
            return end;
    }
}

static size_t line_comment(const struct input *in, size_t at)
{
    return in->dialect->return_ends_comment ? line_end(in, at) : find(in, at, '\n');
}

static size_t block_comment(const struct input *in, size_t at, bool *closed)
{
    size_t depth = 1;

    while (at + 1 < in->length) {
        if (in->text[at] == '*' && in->text[at + 1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else if (in->dialect->nested_comments && in->text[at] == '/' && in->text[at + 1] == '*') {
            at += 2;
            depth++;
        } else {
            at++;
        }
    }
    *closed = in->dialect->open_comments;
    return in->length;
}

/* at: the first dollar. $1 is a parameter; $$ and $tag$ begin a string that ends at the same mark; any other
 * dollar is a symbol. */
static size_t dollar(const struct input *in, size_t at, enum sql_token_kind *kind, bool *closed)
{
    size_t end = at + 1, mark;
    const char *found;

    *kind = SQL_SYMBOL;
    while (end < in->length && (class_at(in, end) & START_MASK) == START_NUMBER)
        end++;
    if (end > at + 1 || !in->dialect->dollar_quotes)
        return end;
    while (end < in->length && (class_at(in, end) & IN_WORD) != 0 && in->text[end] != '$')
        end++;
    if (end == in->length)
        *in->open = true;
    if (!is_at(in, end, '$'))
        return at + 1;
    mark = end + 1 - at;
    *kind = SQL_STRING;
    found = memmem(in->text + at + mark, in->length - at - mark, in->text + at, mark);
    *closed = found != NULL;
    return found != NULL ? (size_t)(found - in->text) + mark : in->length;
}

/* Longer than any engine's numbers where letters stick to one (0x1F, 1_000, 1e-5): those are errors there. */
static size_t number(const struct input *in, size_t at)
{
    for (; at < in->length; at++) {
        unsigned start = class_at(in, at) & START_MASK;
        bool exponent = (in->text[at - 1] | 0x20) == 'e';

        if (start == START_WORD || start == START_NUMBER || start == START_DOT)
            continue;
        if (!exponent || (in->text[at] != '-' && in->text[at] != '+') || at + 1 >= in->length ||
            (class_at(in, at + 1) & START_MASK) != START_NUMBER)
            break;
    }
    return at;
}

/* A run of operator characters, up to a comment. As in PostgreSQL a + or - at its end belongs to what
 * follows, unless the run has a character that no operator of the SQL standard has: "=-1" is "=", "-", "1".
 */
static size_t operators(const struct input *in, size_t at)
{
    size_t end = at;
    bool special = false;

    while (end < in->length && end - at < OPERATOR_MOST && (class_at(in, end) & IN_OPERATOR) != 0) {
        if (is_at(in, end, '-') && is_at(in, end + 1, '-'))
            break;
        if (is_at(in, end, '/') && is_at(in, end + 1, '*'))
            break;
        if (is_at(in, end, '`') && in->dialect->backtick_names)
            break;
        special = special || strchr("~!@#^&|`?%", in->text[end]) != NULL;
        end++;
    }
    if (end + 1 >= in->length)
        *in->open = true;
    while (!special && end > at + 1 && (in->text[end - 1] == '+' || in->text[end - 1] == '-'))
        end--;
    return end;
}

/* An identifier or keyword, or the string that a prefix begins: E'' B'' X'' N'' U&'' U&"". */
static size_t word(const struct input *in, size_t at, enum sql_token_kind *kind, bool *closed)
{
    size_t end = at + 1;
    char prefix = (char)(in->text[at] | 0x20);
    bool escapes = in->dialect->escape_strings;

    while (end < in->length && (class_at(in, end) & IN_WORD) != 0)
        end++;
    *kind = SQL_WORD;
    if (end > at + 1 || end == in->length)
        return end;
    if (in->text[end] == '\'' && (prefix == 'x' || (escapes && strchr("ebn", prefix) != NULL))) {
        *kind = SQL_STRING;
        return prefix == 'e' ? escape_string(in, end + 1, closed) : quoted(in, end + 1, '\'', closed);
    }
    if (escapes && prefix == 'u' && in->text[end] == '&' &&
        (is_at(in, end + 1, '\'') || is_at(in, end + 1, '"'))) {
        *kind = in->text[end + 1] == '"' ? SQL_NAME : SQL_STRING;
        return quoted(in, end + 2, in->text[end + 1], closed);
    }
    return end;
}

/* psql reads lines that end at LF; a CR inside is one more blank to it. */
static size_t command_end(const struct input *in, size_t at)
{
    size_t end = find(in, at, '\n');

    return in->text[end - 1] == '\r' ? end - 1 : end;
}

static size_t bracketed(const struct input *in, size_t at, bool *closed)
{
    size_t end = find(in, at, ']');

    *closed = end < in->length;
    return *closed ? end + 1 : end;
}

static size_t space(const struct input *in, size_t at)
{
    while (at < in->length && (class_at(in, at) & START_MASK) == START_SPACE)
        at++;
    return at;
}

/* The rarer beginnings. */
static size_t symbol(const struct input *in, size_t at, unsigned start, enum sql_token_kind *kind,
                     bool *closed)
{
    const struct sql_dialect *dialect = in->dialect;

    *kind = SQL_SYMBOL;
    if (start == START_MINUS && is_at(in, at + 1, '-')) {
        *kind = SQL_LINE_COMMENT;
        return line_comment(in, at);
    }
    if (start == START_SLASH && is_at(in, at + 1, '*')) {
        *kind = SQL_BLOCK_COMMENT;
        return block_comment(in, at + 2, closed);
    }
    if (start == START_BACKTICK && dialect->backtick_names) {
        *kind = SQL_NAME;
        return quoted(in, at + 1, '`', closed);
    }
    if (start == START_BRACKET && dialect->bracket_names) {
        *kind = SQL_NAME;
        return bracketed(in, at + 1, closed);
    }
    if (start == START_BACKSLASH && dialect->meta_commands) {
        *kind = SQL_BACKSLASH;
        return command_end(in, at);
    }
    if (start == START_DOT && at + 1 < in->length && (class_at(in, at + 1) & START_MASK) == START_NUMBER) {
        *kind = SQL_NUMBER;
        return number(in, at + 1);
    }
    if (start == START_COLON && (is_at(in, at + 1, ':') || is_at(in, at + 1, '=')))
        return at + 2;
    return (class_at(in, at) & IN_OPERATOR) != 0 ? operators(in, at) : at + 1;
}

/* What most beginnings make; word(), dollar() and symbol() may make something else of theirs. */
static const enum sql_token_kind kinds[START_MASK + 1] = {
    [START_SYMBOL] = SQL_SYMBOL,   [START_SPACE] = SQL_SPACE,         [START_WORD] = SQL_WORD,
    [START_NUMBER] = SQL_NUMBER,   [START_STRING] = SQL_STRING,       [START_NAME] = SQL_NAME,
    [START_BACKTICK] = SQL_SYMBOL, [START_BRACKET] = SQL_SYMBOL,      [START_OPEN] = SQL_OPEN,
    [START_CLOSE] = SQL_CLOSE,     [START_SEMICOLON] = SQL_SEMICOLON, [START_BACKSLASH] = SQL_SYMBOL,
    [START_DOLLAR] = SQL_SYMBOL,   [START_DOT] = SQL_SYMBOL,          [START_COLON] = SQL_SYMBOL,
    [START_OPERATOR] = SQL_SYMBOL, [START_MINUS] = SQL_SYMBOL,        [START_SLASH] = SQL_SYMBOL,
};

static size_t token_end(const struct input *in, size_t at, unsigned start, struct sql_token *token)
{
    switch (start) {
    case START_SPACE:
        return space(in, at + 1);
    case START_WORD:
        return word(in, at, &token->kind, &token->closed);
    case START_NUMBER:
        return number(in, at + 1);
    case START_STRING:
    case START_NAME:
        return quoted(in, at + 1, in->text[at], &token->closed);
    case START_OPEN:
    case START_CLOSE:
    case START_SEMICOLON:
        return at + 1;
    case START_DOLLAR:
        return dollar(in, at, &token->kind, &token->closed);
    default:
        return symbol(in, at, start, &token->kind, &token->closed);
    }
}

static void lex(const struct input *in, bool inner, size_t offset, struct sql_token *out)
{
    unsigned start;

    *out = (struct sql_token){SQL_END, offset, 0, true};
    if (offset >= in->length)
        return;
    if (offset == 0 && !inner && in->length >= 3 && memcmp(in->text, "\xEF\xBB\xBF", 3) == 0) {
        out->kind = SQL_SPACE; /* the byte order mark */
        out->length = 3;
        return;
    }
    start = class_at(in, offset) & START_MASK;
    out->kind = kinds[start];
    out->length = token_end(in, offset, start, out) - offset;
}

struct sql_token sql_lex(const struct sql_dialect *dialect, const char *text, size_t length, size_t offset)
{
    bool open = false;
    const struct input in = {dialect, text, length, &open};
    struct sql_token token;

    lex(&in, false, offset, &token);
    return token;
}

bool sql_lex_on(const struct sql_splitter *splitter, struct sql_token *out)
{
    bool open = false;
    const struct input in = {splitter->dialect, splitter->text, splitter->length, &open};

    lex(&in, splitter->inner, splitter->offset, out);
    if (!splitter->more || out->kind == SQL_SPACE)
        return true;
    return !open && out->offset + out->length + LOOK_AHEAD <= splitter->length;
}

/* A quote or dollar at `at` may belong to the word before it, as in E'' or a$b: the offset of that word, else
 * `at`. from: where the run of tokens begins. */
static size_t before_quote(const struct input *in, size_t from, size_t at)
{
    size_t start = at;

    while (start > from && (class_at(in, start - 1) & IN_WORD) != 0)
        start--;
    if (in->text[at] == '$')
        return start;
    return start + 1 == at && (in->text[start] | 0x20) == 'e' && in->dialect->escape_strings ? start : at;
}

/* Behind the string or name that begins at `at`; `at` itself if the token reader must look at it. */
static size_t pass_quoted(const struct input *in, size_t from, size_t at)
{
    bool closed = true;
    size_t end;

    if (before_quote(in, from, at) != at)
        return at;
    end = quoted(in, at + 1, in->text[at], &closed);
    return closed ? end : at;
}

/* A - or / that begins no comment, for sure. */
static bool is_operator(const struct input *in, size_t at, bool more)
{
    char c = in->text[at];

    if ((c != '-' && c != '/') || (more && at + 1 == in->length))
        return false;
    return !is_at(in, at + 1, c == '-' ? '-' : '*');
}

/* A word that the window's end cuts may be the beginning of a string: back to where it begins. */
static size_t before_cut(const struct input *in, size_t from, size_t at)
{
    while (at > from && (class_at(in, at - 1) & IN_WORD) != 0)
        at--;
    return at;
}

size_t sql_pass_plain(const struct sql_splitter *splitter, size_t *depth, size_t *end)
{
    const char *text = splitter->text;
    const size_t offset = splitter->offset, length = splitter->length;
    const struct input in = {splitter->dialect, text, length, NULL};
    size_t at, next = offset, last;

    do {
        at = next;
        while (at < length && (class_at(&in, at) & DULL) != 0)
            at++;
        next = at;
        if (at == length)
            break;
        if (text[at] == '(') {
            ++*depth;
            next++;
        } else if (text[at] == ')') {
            *depth -= *depth > 0;
            next++;
        } else if (text[at] == '\'' || text[at] == '"') {
            next = pass_quoted(&in, offset, at);
        } else if (is_operator(&in, at, splitter->more)) {
            next++;
        }
    } while (next > at);
    if (at == length && splitter->more)
        at = before_cut(&in, offset, at);
    else if (at < length && (text[at] == '\'' || text[at] == '$'))
        at = before_quote(&in, offset, at);
    for (last = at; last > offset && (class_at(&in, last - 1) & START_MASK) == START_SPACE;)
        last--;
    if (last > offset)
        *end = last;
    return at;
}

bool sql_is_word(const char *text, struct sql_token token, const char *word_sought)
{
    return token.kind == SQL_WORD && strlen(word_sought) == token.length &&
           text_equal_nocase_n(text + token.offset, word_sought, token.length);
}
