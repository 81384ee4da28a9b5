/* SPDX-License-Identifier: MIT
 * Adding rows to the history: the next number, the state it leads to, and the chain that ties it to the row before. */
#include "core/history.h"

#include "core/version.h"

#include "util/clock.h"
#include "util/memory.h"

#include <string.h>
#include <unistd.h>

int32_t history_writer_open(struct history_writer *writer, migrate_session *session, const struct history *history,
                            const char *run, migrate_error **err)
{
    memset(writer, 0, sizeof *writer);
    writer->session = session;
    if (history->head.format > HISTORY_FORMAT) {
        error_set(err, MIGRATE_ERROR_HISTORY, "the history has format %lld; this library writes format %d",
                  (long long)history->head.format, HISTORY_FORMAT);
        error_hint(err, "use a newer libmigrate");
        return MIGRATE_ERROR_HISTORY;
    }
    if (run) {
        memcpy(writer->run, run, sizeof writer->run);
    } else {
        static const char hex[] = "0123456789abcdef";
        unsigned char bits[16];
        if (!clock_random(bits, sizeof bits))
            return error_set(err, MIGRATE_ERROR_INTERNAL, "the system has no random numbers to give");
        for (size_t i = 0; i < sizeof bits; i++) {
            writer->run[2 * i] = hex[bits[i] >> 4];
            writer->run[2 * i + 1] = hex[bits[i] & 15];
        }
    }
    if (gethostname(writer->host, sizeof writer->host - 1) != 0)
        writer->host[0] = '\0';
    writer->seq = history->head.seq;
    memcpy(writer->chain, history->head.chain, sizeof writer->chain);
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < history->count && code == MIGRATE_OK; i++) {
        const struct applied *a = &history->items[i];
        const char *id = arena_text(&writer->arena, a->id), *checksum = arena_text(&writer->arena, a->checksum);
        code = writer->arena.failed ? error_nomem(err)
                                    : state_add(&writer->state, a->repeatable ? "repeatable" : "versioned", id, checksum, err);
    }
    if (code == MIGRATE_OK)
        code = state_digest(&writer->state, writer->state_digest, err);
    return code;
}

void history_writer_close(struct history_writer *writer)
{
    state_free(&writer->state);
    arena_free(&writer->arena);
}

static int32_t state_change(struct history_writer *writer, const struct history_entry *entry, migrate_error **err)
{
    if (strcmp(entry->effect, "none") == 0)
        return MIGRATE_OK;
    const char *kind = strcmp(entry->kind, "repeatable") == 0 ? "repeatable" : "versioned";
    int32_t code = MIGRATE_OK;
    if (strcmp(entry->effect, "remove") == 0) {
        state_remove(&writer->state, kind, entry->id);
    } else {
        const char *id = arena_text(&writer->arena, entry->id);
        const char *checksum = arena_text(&writer->arena, entry->checksum ? entry->checksum : "");
        code = writer->arena.failed ? error_nomem(err) : state_add(&writer->state, kind, id, checksum, err);
    }
    return code == MIGRATE_OK ? state_digest(&writer->state, writer->state_digest, err) : code;
}

static void chain_add(struct digest *digest, const char *field)
{
    digest_add(digest, field ? field : "", field ? strlen(field) + 1 : 1);
}

/* The chain shows accidents (a row edited, lost or restored out of order), not attackers. */
static void chain_next(struct history_writer *writer, const struct history_entry *entry)
{
    struct digest digest;
    digest_init(&digest);
    chain_add(&digest, writer->chain);
    chain_add(&digest, entry->event);
    chain_add(&digest, entry->effect);
    chain_add(&digest, entry->kind);
    chain_add(&digest, entry->id);
    chain_add(&digest, entry->checksum);
    chain_add(&digest, writer->state_digest);
    chain_add(&digest, writer->run);
    chain_add(&digest, entry->down_sql);
    digest_end_hex(&digest, writer->chain);
}

/* Columns and their values. What is null is not named: less to send and to read. */
struct row {
    const struct database_engine *engine;
    struct text columns, values;
};

static struct text *put(struct row *row, const char *column)
{
    if (row->columns.length > 0) {
        text_add(&row->columns, ", ");
        text_add(&row->values, ", ");
    }
    text_add(&row->columns, column);
    return &row->values;
}

static void put_text(struct row *row, const char *column, const char *text)
{
    if (text)
        row->engine->literal(put(row, column), text, strlen(text));
}

static void put_sql(struct row *row, const char *column, const char *sql)
{
    text_add(put(row, column), sql);
}

static void put_int(struct row *row, const char *column, int64_t number)
{
    text_add_int(put(row, column), number);
}

static void put_all(struct row *row, const struct history_writer *writer, const struct history_entry *entry)
{
    const migrate_options *options = writer->session->options;
    put_text(row, "module", option_text(options, OPTION_MODULE));
    put_int(row, "seq", writer->seq);
    put_int(row, "format", HISTORY_FORMAT);
    put_text(row, "event", entry->event);
    put_text(row, "effect", entry->effect);
    put_text(row, "kind", entry->kind);
    put_text(row, "id", entry->id);
    put_text(row, "name", entry->name);
    put_text(row, "checksum", entry->checksum);
    put_text(row, "token_checksum", entry->token_checksum && *entry->token_checksum ? entry->token_checksum : NULL);
    row->engine->boolean(put(row, "breaking"), entry->breaking);
    put_text(row, "state", writer->state_digest);
    put_text(row, "chain", writer->chain);
    put_text(row, "run", writer->run);
    if (entry->statement >= 0)
        put_int(row, "statement", entry->statement);
    put_text(row, "statement_hash", entry->statement_hash);
    put_text(row, "statement_sql", entry->statement_sql);
    put_text(row, "down_sql", entry->down_sql);
    put_text(row, "fingerprint", entry->fingerprint);
    if (row->engine->now)
        put_sql(row, "at", row->engine->now);
    else
        put_int(row, "at", clock_wall());
    if (entry->duration >= 0)
        put_int(row, "duration_us", entry->duration);
    else if (row->engine->since_begin)
        text_format(put(row, "duration_us"), "greatest(%s - %lld, 0)", row->engine->since_begin, (long long)entry->begun_after);
    put_sql(row, "db_user", row->engine->user);
    put_text(row, "actor", option_text(options, OPTION_ACTOR));
    put_text(row, "host", *writer->host ? writer->host : NULL);
    put_text(row, "application", option_text(options, OPTION_APPLICATION));
    put_text(row, "library", LIBRARY_VERSION);
    put_text(row, "reason", entry->reason ? entry->reason : option_text(options, OPTION_REASON));
    put_text(row, "error", entry->error);
}

/* Takes the next number. The row's texts are to be freed whatever is returned. */
static int32_t make_row(struct history_writer *writer, const struct history_entry *entry, struct row *row, migrate_error **err)
{
    int32_t code = state_change(writer, entry, err);
    *row = (struct row){.engine = writer->session->db->engine};
    if (code != MIGRATE_OK)
        return code;
    chain_next(writer, entry);
    writer->seq++;
    put_all(row, writer, entry);
    return row->columns.failed || row->values.failed ? error_nomem(err) : MIGRATE_OK;
}

static void free_row(struct row *row)
{
    text_free(&row->columns);
    text_free(&row->values);
}

static void add_insert(struct text *sql, const struct history_writer *writer, const struct row *row)
{
    text_add(sql, "INSERT INTO ");
    text_add(sql, writer->session->history_name);
    text_add(sql, " (");
    text_add_n(sql, row->columns.data, row->columns.length);
    text_add(sql, ") VALUES (");
    text_add_n(sql, row->values.data, row->values.length);
    text_add(sql, ")");
}

int32_t history_append(struct history_writer *writer, const struct history_entry *entry, struct text *sql, migrate_error **err)
{
    struct row row;
    int32_t code = make_row(writer, entry, &row, err);
    if (code == MIGRATE_OK) {
        add_insert(sql, writer, &row);
        code = sql->failed ? error_nomem(err) : MIGRATE_OK;
    }
    free_row(&row);
    return code;
}

int32_t history_collect(struct history_writer *writer, const struct history_entry *entry, struct history_batch *batch,
                        migrate_error **err)
{
    struct row row;
    struct text *sql = &batch->sql;
    int32_t code = make_row(writer, entry, &row, err);
    if (code == MIGRATE_OK && sql->length > 0 && text_equal(batch->columns.data, row.columns.data)) {
        text_add(sql, ",\n(");
        text_add_n(sql, row.values.data, row.values.length);
        text_add(sql, ")");
    } else if (code == MIGRATE_OK) {
        if (sql->length > 0)
            text_add(sql, ";\n");
        add_insert(sql, writer, &row);
        text_clear(&batch->columns);
        text_add_n(&batch->columns, row.columns.data, row.columns.length);
    }
    if (code == MIGRATE_OK && (sql->failed || batch->columns.failed))
        code = error_nomem(err);
    free_row(&row);
    return code;
}

void history_batch_cut(struct history_batch *batch, size_t length)
{
    if (batch->sql.length <= length && !batch->sql.failed)
        return;
    batch->sql.failed = false;
    batch->sql.length = length;
    if (batch->sql.data)
        batch->sql.data[length] = '\0';
    text_clear(&batch->columns); /* the next row begins an INSERT of its own */
}

void history_batch_free(struct history_batch *batch)
{
    text_free(&batch->sql);
    text_free(&batch->columns);
}
