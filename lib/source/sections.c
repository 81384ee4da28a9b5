/* SPDX-License-Identifier: MIT
 * The text of a section, cut out of its file so that every line and column stays where it is in the file, and
 * the checksum of an up text. */
#include "source/build.h"

#include "util/file.h"

/* An empty line for each line of the span; returns the span's end. */
static size_t add_blank_lines(struct text *out, const struct directive_reading *reading, struct span span)
{
    while (span.start < span.end) {
        size_t next = line_next(reading->text, reading->length, span.start);
        bool ended = reading->text[next - 1] == '\n' || reading->text[next - 1] == '\r';

        if (next > span.end || !ended)
            break;
        /* behind a line that a lone CR ended, a LF would be the end of that line and no line of its own */
        if (out->length > 0 && out->data[out->length - 1] == '\r')
            text_add_char(out, ' ');
        text_add_char(out, '\n');
        span.start = next;
    }
    return span.end;
}

void section_up(const struct directive_reading *reading, struct text *out)
{
    size_t done = 0;

    for (size_t i = 0; i < reading->rollbacks.count; i++) {
        struct span lines = reading->rollbacks.items[i].lines;

        text_add_n(out, reading->text + done, lines.start - done);
        done = add_blank_lines(out, reading, lines);
    }
    text_add_n(out, reading->text + done, reading->length - done);
}

/* A line of a commented block: its "--" becomes blank; a directive is no SQL. */
static void add_uncommented(struct text *out, const struct directive_reading *reading, struct span line)
{
    const char *text = reading->text;
    size_t dashes = line.start;
    struct span argument;

    while (dashes < line.end && (text[dashes] == ' ' || text[dashes] == '\t'))
        dashes++;
    if (line.end - dashes < 2 || text[dashes] != '-' || directive_at(reading, dashes, &argument)) {
        add_blank_lines(out, reading, line);
        return;
    }
    text_add_n(out, text + line.start, dashes - line.start);
    text_add(out, "  ");
    text_add_n(out, text + dashes + 2, line.end - dashes - 2);
}

static void add_rollback(struct text *out, const struct directive_reading *reading, const struct rollback *block)
{
    size_t line = block->lines.start, prefix = line;

    /* What stands before the SQL of a one-line rollback is ASCII: a blank for each byte keeps the columns. */
    if (block->text.start < line_next(reading->text, reading->length, line)) {
        for (; prefix < block->text.start; prefix++)
            if (prefix > line)
                text_add_char(out, ' ');
    } else {
        add_blank_lines(out, reading, (struct span){line, block->text.start});
    }
    if (!block->commented) {
        text_add_n(out, reading->text + block->text.start, block->text.end - block->text.start);
        return;
    }
    for (line = block->text.start; line < block->text.end;) {
        size_t next = line_next(reading->text, reading->length, line);

        add_uncommented(out, reading, (struct span){line, next});
        line = next;
    }
}

/* The rollback blocks one behind the other. A semicolon in the blank place before each keeps the last
 * statement of one block apart from the first of the next. */
static void section_rollback(const struct directive_reading *reading, struct text *out)
{
    size_t done = 0;

    for (size_t i = 0; i < reading->rollbacks.count; i++) {
        const struct rollback *block = &reading->rollbacks.items[i];

        add_blank_lines(out, reading, (struct span){done, block->lines.start});
        text_add_char(out, i > 0 ? ';' : ' ');
        add_rollback(out, reading, block);
        done = block->text.end;
    }
}

/* Line ends as LF, so that a checkout with CRLF has the same digest. A span is whole lines: no CRLF is torn.
 */
static void digest_lines(struct digest *digest, const char *text, size_t length)
{
    size_t done = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\r')
            continue;
        digest_add(digest, text + done, i - done);
        digest_add(digest, "\n", 1);
        if (i + 1 < length && text[i + 1] == '\n')
            i++;
        done = i + 1;
    }
    digest_add(digest, text + done, length - done);
}

void section_checksum(const struct directive_reading *reading, char out[DIGEST_HEX])
{
    struct digest digest;
    size_t done = 0;

    digest_init(&digest);
    for (size_t i = 0; i < reading->rollbacks.count; i++) {
        struct span lines = reading->rollbacks.items[i].lines;

        digest_lines(&digest, reading->text + done, lines.start - done);
        done = lines.end;
    }
    digest_lines(&digest, reading->text + done, reading->length - done);
    digest_end_hex(&digest, out);
}

/* Blank lines in front are left out: they would be sent for nothing. */
static int32_t hand_over(struct text *text, struct section_text *out, migrate_error **err)
{
    size_t first = 0;
    int64_t line = 1, column;

    if (text->failed)
        return error_nomem(err);
    while (first < text->length && strchr(" \t\r\n", text->data[first]))
        first++;
    if (first == text->length) {
        text_clear(text);
    } else {
        sql_position(text->data, text->length, first, &line, &column);
        for (; first > 0 && text->data[first - 1] != '\n' && text->data[first - 1] != '\r'; first--)
            ;
        text->length -= first;
        memmove(text->data, text->data + first, text->length + 1);
    }
    *out = (struct section_text){.text = *text, .first_line = line, .first_column = 1};
    *text = (struct text){0};
    return MIGRATE_OK;
}

/* Said when the source was opened. */
static int32_t pass_over(const migrate_error *problem, void *user, migrate_error **err)
{
    (void)problem;
    (void)user;
    (void)err;
    return MIGRATE_OK;
}

static const struct source_options lenient = {.problem = pass_over};

int32_t section_read(const struct source *source, const struct section *section, const char *expected,
                     struct section_text *out, migrate_error **err)
{
    const struct source_file *bytes = section->bytes;
    struct directive_reading reading = {.options = source->private->lenient ? &lenient : NULL,
                              .layout = source->private->layout,
                              .dialect = source->private->dialect,
                              .file = section->file};
    struct text file = {0}, text = {0}, rollback = {0};
    char checksum[DIGEST_HEX];
    int32_t code = MIGRATE_OK;

    if (!bytes)
        return error_set(err, MIGRATE_ERROR_INTERNAL, "a migration in code has no text to read");
    if (section->big && !section->from_block)
        return error_set(err, MIGRATE_ERROR_INTERNAL, "%s is too big to be held", section->file);
    if (section->big)
        code = big_read_blocks(bytes->path, section->big, &file, err);
    else if (!bytes->text)
        code = file_read(bytes->path, &file, MIGRATE_ERROR_SOURCE, err);
    if (code == MIGRATE_OK)
        code = bytes->text ? reading_make(&reading, bytes->text, bytes->length, ROLE_ANY, err)
                           : reading_make(&reading, file.data, file.length, ROLE_ANY, err);
    if (code == MIGRATE_OK && expected) {
        section_checksum(&reading, checksum);
        if (!text_equal(checksum, expected))
            code = bytes_changed(section->file, err);
    }
    if (code == MIGRATE_OK) {
        section_rollback(&reading, section->from_block ? &text : &rollback);
        if (!section->from_block)
            section_up(&reading, &text);
        code = rollback.failed ? error_nomem(err) : hand_over(&text, out, err);
        if (code == MIGRATE_OK && section->big)
            out->first_line += section->big->first_line - 1;
    }
    if (code == MIGRATE_OK) {
        out->rollback = rollback;
        rollback = (struct text){0};
    }
    reading_free(&reading);
    text_free(&file);
    text_free(&text);
    text_free(&rollback);
    return code;
}

int32_t section_bytes(const struct section *section, struct text *out, migrate_error **err)
{
    const struct source_file *bytes = section->bytes;

    if (bytes == NULL || bytes->big)
        return MIGRATE_OK;
    if (bytes->text == NULL)
        return file_read(bytes->path, out, MIGRATE_ERROR_SOURCE, err);
    text_add_n(out, bytes->text, bytes->length);
    return out->failed ? error_nomem(err) : MIGRATE_OK;
}

void section_text_free(struct section_text *text)
{
    text_free(&text->text);
    text_free(&text->rollback);
}

/* A string or a function's body over several lines is one token: its line ends count as LF, too. */
static void drop_carriage_returns(struct text *text)
{
    size_t kept = 0;

    for (size_t i = 0; i < text->length; i++)
        if (text->data[i] != '\r' || i + 1 == text->length || text->data[i + 1] != '\n')
            text->data[kept++] = text->data[i];
    text->length = kept;
}

int32_t source_tokens(const struct source *source, const struct migration *migration, const struct text *up,
                      migrate_error **err)
{
    struct section_text read = {0};
    struct text copy = {0};
    char *out = ((struct migration *)migration)->token_checksum;
    int32_t code = MIGRATE_OK;

    if (*out != '\0' || !migration->up.bytes || migration->up.big)
        return MIGRATE_OK;
    if (!up)
        code = section_read(source, &migration->up, migration->checksum, &read, err);
    if (!up)
        up = &read.text;
    if (code == MIGRATE_OK && up->length > 0 && memchr(up->data, '\r', up->length)) {
        text_add_n(&copy, up->data, up->length);
        code = copy.failed ? error_nomem(err) : MIGRATE_OK;
        drop_carriage_returns(&copy);
        up = &copy;
    }
    if (code == MIGRATE_OK)
        sql_token_digest(source->private->dialect, up->data ? up->data : "", up->length, out);
    text_free(&copy);
    section_text_free(&read);
    return code;
}
