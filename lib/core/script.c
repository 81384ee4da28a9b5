/* SPDX-License-Identifier: MIT
 * Cutting a section's text into segments, and finding places in it. */
#include "core/script.h"

#include "util/array.h"
#include "util/memory.h"

#include <string.h>

bool script_sends(enum sql_kind kind)
{
    return kind != SQL_BEGIN && kind != SQL_COMMIT && kind != SQL_FOREIGN_KEYS && kind != SQL_META;
}

bool script_resets(const struct script *script, enum sql_kind kind)
{
    return kind == SQL_RESET_ALL && script->borrowed && script->engine->reset_all;
}

/* The open segment, made if there is none. */
static struct segment *segment_open(struct script *script, size_t offset, bool alone)
{
    if (!array_reserve(script))
        return NULL;
    script->items[script->count] = (struct segment){.offset = offset, .first = script->statements, .alone = alone};
    return &script->items[script->count++];
}

/* The beginning of a statement holds one of the words. */
static bool begins_with_any(const char *sql, size_t length, const char *const *words)
{
    enum { BEGINNING = 64 };
    if (length > BEGINNING)
        length = BEGINNING;
    for (; words && *words; words++) {
        size_t word = strlen(*words);
        for (size_t i = 0; i + word <= length; i++) {
            if (text_equal_nocase_n(sql + i, *words, word))
                return true;
        }
    }
    return false;
}

bool script_only_session(const struct script *script, const char *sql, size_t length)
{
    static const char *const words[] = {"set", "reset", "pragma", "attach", "detach"};
    struct sql_token token = sql_lex(script->engine->dialect, sql, length, 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (sql_is_word(sql, token, words[i]))
            return true;
    }
    return false;
}

/* Heeded where a script has several transactions: rather one too many is found than one too few. */
static bool outlasts_transaction(const struct script *script, const char *sql, size_t length)
{
    static const char *const makes[] = {"set_config", "temp", "prepare", "listen", NULL};
    static const char *const local[] = {"set local", "set constraints", "set transaction", NULL};
    if (script_only_session(script, sql, length))
        return !begins_with_any(sql, length, local);
    return begins_with_any(sql, length, makes);
}

static int32_t note_dropped(struct script *script, const char *sql, size_t length, migrate_error **err)
{
    struct text table = {0};
    int32_t code = MIGRATE_OK;
    script->engine->rebuild_refers(sql, length, &script->referred);
    if (script->referred.failed)
        return error_nomem(err);
    if (script->engine->rebuild_drops(sql, length, &table)) {
        const char *copy = table.failed ? NULL : arena_text(&script->arena, table.data);
        if (copy && array_reserve(&script->dropped))
            script->dropped.items[script->dropped.count++] = copy;
        else
            code = error_nomem(err);
    }
    text_free(&table);
    return code;
}

struct cutting {
    bool no_transaction, commit_values; /* a new value of an enum is committed before the statements behind it */
    size_t done;                        /* these were run before: no segment goes on behind them; 0: none */
    bool open, skipped;
    const struct stretch *stretch, *stretches_end; /* of a big text: the next one that can be passed over */
};

/* Statements that are sent, from offset on until end, join the open segment or begin one. */
static int32_t cut_add(struct script *script, struct cutting *cutting, size_t offset, size_t end, size_t count, bool alone,
                       migrate_error **err)
{
    if (alone || !cutting->open) {
        if (!segment_open(script, offset, alone))
            return error_nomem(err);
        cutting->open = !alone;
    }
    struct segment *segment = &script->items[script->count - 1];
    segment->streamed = segment->streamed || cutting->skipped;
    cutting->skipped = false;
    segment->length = end - segment->offset;
    segment->count += count;
    script->statements += count;
    if (script->statements == cutting->done)
        cutting->open = false;
    return MIGRATE_OK;
}

static int32_t cut_at(struct script *script, struct cutting *cutting, struct script_stream *stream,
                      const struct sql_statement *statement, migrate_error **err)
{
    const char *sql = stream->sql.text + statement->offset;
    size_t offset = (size_t)stream->sql.base + statement->offset;
    if (statement->kind == SQL_FOREIGN_KEYS)
        script->foreign_keys = true;
    if (!script_sends(statement->kind)) {
        cutting->open = cutting->open && (statement->kind == SQL_FOREIGN_KEYS || statement->kind == SQL_META);
        cutting->skipped = cutting->open;
        return MIGRATE_OK;
    }
    script->sets = script->sets || begins_with_any(sql, statement->length, script->engine->settings_words);
    script->lasting = script->lasting || outlasts_transaction(script, sql, statement->length);
    bool alone = cutting->no_transaction || statement->kind == SQL_ALONE;
    int32_t code = cut_add(script, cutting, offset, offset + statement->length, 1, alone, err);
    if (code != MIGRATE_OK)
        return code;
    struct segment *segment = &script->items[script->count - 1];
    segment->only_session = alone && script_only_session(script, sql, statement->length);
    segment->streamed = segment->streamed || statement->kind == SQL_COPY_IN || script_resets(script, statement->kind);
    if (cutting->commit_values && statement->kind == SQL_ADD_VALUE)
        cutting->open = false;
    return script->engine->rebuild_drops ? note_dropped(script, sql, statement->length, err) : MIGRATE_OK;
}

/* The stretch that begins at a place of the text, if all of it can be passed over: unless some of its statements are segments of
 * their own. */
static const struct stretch *stretch_at(const struct script *script, struct cutting *cutting, uint64_t place)
{
    while (cutting->stretch < cutting->stretches_end && cutting->stretch->start < place)
        cutting->stretch++;
    const struct stretch *stretch = cutting->stretch;
    if (stretch == cutting->stretches_end || stretch->start != place)
        return NULL;
    bool apart = cutting->no_transaction ||
                 (cutting->done > script->statements && cutting->done < script->statements + stretch->statements);
    return stretch->statements > 0 && apart ? NULL : stretch;
}

/* A statement with what is passed over behind it: the rest of a stretch, or data. */
static int32_t cut_next(struct script *script, struct cutting *cutting, struct script_stream *stream,
                        const struct sql_statement *statement, migrate_error **err)
{
    uint64_t base = stream->sql.base;
    const struct stretch *stretch = stretch_at(script, cutting, base + statement->offset);
    int32_t code = stretch ? cut_add(script, cutting, (size_t)stretch->start, (size_t)stretch->last, stretch->statements, false, err)
                           : cut_at(script, cutting, stream, statement, err);
    if (!stretch && statement->kind == SQL_COPY_IN)
        stretch = stretch_at(script, cutting, base + statement->end);
    return code == MIGRATE_OK && stretch ? script_stream_skip(stream, stretch, err) : code;
}

static int32_t script_cut(struct script *script, struct cutting cutting, migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true, data = false;
    if (script_big(script)) {
        size_t count = 0;
        cutting.stretch = section_stretches(script->section, &count);
        cutting.stretches_end = cutting.stretch + count;
    }
    int32_t code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK) {
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code == MIGRATE_OK && data) { /* what came between was read, so where it ended is known */
            struct segment *segment = &script->items[script->count - 1];
            segment->length = (size_t)stream.sql.base + (more ? statement.offset : stream.sql.length) - segment->offset;
        }
        if (code != MIGRATE_OK || !more)
            break;
        code = script_check(&stream, &statement, err);
        if (code == MIGRATE_OK)
            code = cut_next(script, &cutting, &stream, &statement, err);
        data = statement.kind == SQL_COPY_IN;
    }
    script_stream_close(&stream);
    return code;
}

static int32_t script_finish(struct script *script, bool no_transaction, struct script *out, migrate_error **err)
{
    int32_t code = script_cut(script, (struct cutting){.no_transaction = no_transaction}, err);
    if (code != MIGRATE_OK)
        script_free(script);
    else
        *out = *script;
    return code;
}

int32_t script_cut_finer(struct script *script, size_t done, migrate_error **err)
{
    bool no_transaction = script->section && script->section->no_transaction;
    script->count = script->statements = script->dropped.count = 0;
    text_clear(&script->referred);
    return script_cut(script, (struct cutting){.no_transaction = no_transaction, .commit_values = true, .done = done}, err);
}

static struct script script_for(const migrate_session *session)
{
    return (struct script){.engine = session->db->engine, .can_copy = session->db->class->copy_begin != NULL,
                           .borrowed = session->db->borrowed, .confined = session->confined};
}

int32_t script_read(migrate_session *session, const struct source *source, const char *id, const struct section *section,
                    const char *expected, struct script *out, migrate_error **err)
{
    struct script like = script_for(session);
    return script_read_as(&like, source, id, section, expected, out, err);
}

int32_t script_read_as(const struct script *like, const struct source *source, const char *id, const struct section *section,
                       const char *expected, struct script *out, migrate_error **err)
{
    struct script script = {.section = section, .file = section->file, .id = id, .engine = like->engine, .can_copy = like->can_copy,
                            .borrowed = like->borrowed, .confined = like->confined, .keep_foreign_keys = section->foreign_keys};
    int32_t code = script_big(&script) ? MIGRATE_OK : section_read(source, section, expected, &script.text, err);
    if (code != MIGRATE_OK)
        return code;
    return script_finish(&script, section->no_transaction, out, err);
}

static int32_t look_at_all(const struct script *script, int32_t (*tell)(const migrate_error *problem, void *user, migrate_error **err),
                           void *user, migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    int32_t code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK) {
        migrate_error *problem = NULL;
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        code = script_check(&stream, &statement, &problem);
        if (code == MIGRATE_ERROR_SOURCE && problem && problem->code == code)
            code = tell(problem, user, err);
        else if (code != MIGRATE_OK)
            error_move(err, &problem);
        error_clear(&problem);
    }
    script_stream_close(&stream);
    return code;
}

int32_t script_look(const struct script *like, const struct source *source, const char *id, const struct section *section,
                    int32_t (*tell)(const migrate_error *problem, void *user, migrate_error **err), void *user, struct script *out,
                    migrate_error **err)
{
    struct script script = {.section = section, .file = section->file, .id = id, .engine = like->engine, .can_copy = like->can_copy,
                            .borrowed = like->borrowed, .confined = like->confined};
    migrate_error *problem = NULL;
    int32_t code;
    if (script_big(&script)) {
        code = script_read_as(like, source, id, section, NULL, &script, &problem);
        if (code == MIGRATE_ERROR_SOURCE && problem && problem->code == code)
            code = tell(problem, user, err);
        else if (code != MIGRATE_OK)
            error_move(err, &problem);
        error_clear(&problem);
        script_free(&script);
        return code;
    }
    code = section_read(source, section, NULL, &script.text, err);
    if (code == MIGRATE_OK)
        code = look_at_all(&script, tell, user, err);
    if (code != MIGRATE_OK)
        script_free(&script);
    else
        *out = script;
    return code;
}

int32_t script_from_text(migrate_session *session, const char *id, const char *file, const char *text, struct script *out, migrate_error **err)
{
    struct script like = script_for(session);
    return script_from_text_as(&like, id, file, text, out, err);
}

int32_t script_from_text_as(const struct script *like, const char *id, const char *file, const char *text, struct script *out,
                            migrate_error **err)
{
    struct script script = {.file = file ? file : "history", .id = id, .engine = like->engine, .can_copy = like->can_copy,
                            .borrowed = like->borrowed, .confined = like->confined};
    text_add(&script.text.text, text);
    script.text.first_line = 1;
    script.text.first_column = 1;
    if (script.text.text.failed) {
        script_free(&script);
        return error_nomem(err);
    }
    return script_finish(&script, false, out, err);
}

void script_free(struct script *script)
{
    section_text_free(&script->text);
    memory_free(script->items);
    memory_free(script->dropped.items);
    text_free(&script->referred);
    arena_free(&script->arena);
    script->items = NULL;
    script->dropped.items = NULL;
    script->count = script->capacity = script->dropped.count = script->dropped.capacity = 0;
}

bool script_atomic(const struct script *script)
{
    return script->count == 0 || (script->count == 1 && !script->items[0].alone);
}

bool script_big(const struct script *script)
{
    return script->section && script->section->big && !script->section->from_block;
}

const struct segment *script_needs_session(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->items[i].alone)
            return &script->items[i];
    }
    return script->count > 1 && script->lasting ? &script->items[1] : NULL;
}

/* Until the stream gives the statement of that number. */
static int32_t stream_to(struct script_stream *stream, size_t number, struct sql_statement *out, bool *found, migrate_error **err)
{
    size_t n = 0;
    bool more = true;
    *found = false;
    for (;;) {
        int32_t code = sql_stream_next(&stream->sql, out, &more, err);
        if (code != MIGRATE_OK || !more)
            return code;
        if (!script_sends(out->kind) || n++ != number)
            continue;
        *found = true;
        return MIGRATE_OK;
    }
}

int32_t script_record(const struct script *script, const struct segment *segment, struct segment_record *out, migrate_error **err)
{
    struct script_stream stream;
    size_t found;
    int32_t code = script_stream_open(&stream, script, segment, false, err);
    if (code == MIGRATE_OK)
        code = script_stream_record(&stream, segment->count, out, &found, err);
    script_stream_close(&stream);
    return code;
}

static void show(const struct script *script, const char *text, size_t length, migrate_error **err,
                 void (*add)(migrate_error **err, const char *text, size_t length))
{
    struct text shown = {0};
    text_add_n(&shown, text, length);
    if (!shown.failed && shown.data) {
        sql_hide_secrets(script->engine->dialect, shown.data, shown.length);
        add(err, shown.data, shown.length);
    }
    text_free(&shown);
}

void script_show_statement(const struct script *script, const char *sql, size_t length, migrate_error **err)
{
    show(script, sql, length, err, error_statement);
}

void script_show_line(const struct script *script, const char *line, size_t length, migrate_error **err)
{
    show(script, line, length, err, error_source_line);
}

/* The statement around an offset, for the message. */
static bool statement_around(const struct script *script, size_t offset, struct sql_statement *out)
{
    struct sql_splitter splitter;
    sql_split(&splitter, script->engine->dialect, script->text.text.data, script->text.text.length);
    while (sql_next(&splitter, out)) {
        if (offset < out->end)
            return offset >= out->offset;
    }
    return false;
}

/* A syntax error at a character that only the engines' shells understand. */
static void hint_at(char c, migrate_error **err)
{
    if (c == '\\')
        error_hint(err, "commands that begin with a backslash are psql's, not SQL: write a DO block or plain statements");
    else if (c == ':')
        error_hint(err, "variables of psql (:name, :'name') have no meaning here: write the value");
    else if (c == '.')
        error_hint(err, "commands that begin with a point are the sqlite3 shell's, not SQL: leave them out");
}

/* The statement of a number, wherever its text is. */
static void place_number(const struct script *script, size_t number, migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    bool found = false;
    error_place(err, script->file, 0, 0);
    if (script_stream_open(&stream, script, NULL, false, NULL) == MIGRATE_OK &&
        stream_to(&stream, number, &statement, &found, NULL) == MIGRATE_OK && found) {
        script_stream_place(&stream, stream.sql.base + statement.offset, err);
        script_show_statement(script, stream.sql.text + statement.offset, statement.length, err);
    }
    script_stream_close(&stream);
}

void script_position(const struct script *script, size_t offset, int64_t *line, int64_t *column)
{
    const struct section_text *text = &script->text;
    sql_position(text->text.data ? text->text.data : "", text->text.length, offset, line, column);
    if (*line == 1)
        *column += text->first_column - 1;
    *line += text->first_line - 1;
}

/* The line of an offset. What makes a string a password may stand on the line before, so the whole statement's secrets are hidden. */
static void show_line_at(const struct script *script, size_t offset, const struct sql_statement *statement, migrate_error **err)
{
    const struct text *text = &script->text.text;
    struct text shown = {0};
    size_t line, length, start, end;
    sql_line_at(text->data, text->length, offset, &line, &length);
    start = statement && statement->offset < line ? statement->offset : line;
    end = statement && statement->offset + statement->length > line + length ? statement->offset + statement->length : line + length;
    text_add_n(&shown, text->data + start, end - start);
    if (!shown.failed && shown.data) {
        if (statement)
            sql_hide_secrets(script->engine->dialect, shown.data + (statement->offset - start), statement->length);
        script_show_line(script, shown.data + (line - start), length, err);
    }
    text_free(&shown);
}

void script_place(const struct script *script, size_t offset, size_t statement, migrate_error **err)
{
    const char *text = script->text.text.data;
    size_t length = script->text.text.length;
    struct sql_statement found;
    int64_t line = 0, column = 0;
    error_id(err, script->id);
    if (offset == SIZE_MAX && statement != SIZE_MAX) {
        place_number(script, statement, err);
        return;
    }
    if (offset == SIZE_MAX || offset > length || !text) {
        error_place(err, script->file, 0, 0);
        return;
    }
    bool known = statement_around(script, offset, &found);
    if (known)
        script_show_statement(script, text + found.offset, found.length, err);
    script_position(script, offset, &line, &column);
    error_place(err, script->file, line, column);
    if (known && err && *err && !(*err)->hint && offset < length)
        hint_at(text[offset], err);
    show_line_at(script, offset, known ? &found : NULL, err);
}
