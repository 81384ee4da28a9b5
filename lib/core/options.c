/* SPDX-License-Identifier: MIT
 * Options: the table, its setter and its readers. */
#include "core/options.h"

#include "check/findings.h"
#include "source/source.h"
#include "util/clock.h"
#include "util/memory.h"
#include "util/size.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

enum option_type { TYPE_TEXT, TYPE_WORD, TYPE_DURATION, TYPE_NUMBER, TYPE_SIZE };
enum { NUMBER_MOST = 1000000 };
static const char *const type_names[] = {"text", "word", "duration", "number", "size"};

struct option_row {
    const char *key;
    enum option_type type;
    const char *standard; /* the default; NULL: none */
    const char *values;   /* of a word, separated by | */
    bool secret;
    bool none;            /* a duration that may be switched off by "none" or "0" */
    const char *help;
};

#define POLICY "fail|warn|allow"

static const struct option_row table[OPTION_COUNT] = {
    [OPTION_URL] = {"url", TYPE_TEXT, NULL, NULL, true, false,
                    "Database: whatever libpq takes (postgresql://...), sqlite:path, sqlite::memory:, file:..."},
    [OPTION_DIR] = {"dir", TYPE_TEXT, NULL, NULL, false, false, "Directory with the migrations"},
    [OPTION_MODULE] = {"module", TYPE_TEXT, "", NULL, false, false,
                       "Name under which several products keep their own histories in one database"},
    [OPTION_MODE] = {"mode", TYPE_WORD, "apply", "apply|check|wait|off", false, false,
                     "What start-up does: apply what is pending, only compare, wait for another process to apply, nothing"},
    [OPTION_ON_PENDING] = {"on_pending", TYPE_WORD, "fail", "fail|warn", false, false,
                           "Mode check: pending migrations are an answer of their own, or a warning"},
    [OPTION_ON_AHEAD] = {"on_ahead", TYPE_WORD, "auto", "auto|" POLICY, false, false,
                         "The database has migrations that this build does not know (auto: warn on PostgreSQL, fail on "
                         "SQLite; a breaking one always fails unless allowed)"},
    [OPTION_ON_MODIFIED] = {"on_modified", TYPE_WORD, "fail", POLICY, false, false,
                            "An applied migration's text has changed"},
    [OPTION_ON_MISSING] = {"on_missing", TYPE_WORD, "fail", POLICY, false, false,
                           "An applied migration is not in the source"},
    [OPTION_ON_RENAMED] = {"on_renamed", TYPE_WORD, "fail", POLICY, false, false,
                           "An applied migration stands in the source under a new id (warn, allow: the new id is recorded)"},
    [OPTION_ON_UNMANAGED] = {"on_unmanaged", TYPE_WORD, "fail", "fail|apply", false, false,
                             "The database has objects but no history: refuse, or run the migrations on it"},
    [OPTION_ON_STANDBY] = {"on_standby", TYPE_WORD, "fail", "fail|wait", false, false,
                           "PostgreSQL: something is pending, and the URL's hosts are all in recovery: refuse, or wait for one to be "
                           "promoted"},
    [OPTION_NETWORK_FILE] = {"network_file", TYPE_WORD, "fail", "fail|allow", false, false,
                             "SQLite: something is pending, and the file is on a network file system, whose locks often do not hold: "
                             "refuse, or go on"},
    [OPTION_ORDER] = {"order", TYPE_WORD, "strict", "strict|skip|any", false, false,
                      "A pending number lower than an applied one: refuse, leave it out, or apply it"},
    [OPTION_DUPLICATE_NUMBERS] = {"duplicate_numbers", TYPE_WORD, "fail", "fail|allow", false, false,
                                  "Two migrations with one number"},
    [OPTION_SCHEMA_FILE] = {"schema_file", TYPE_WORD, "use", "use|ignore", false, false,
                            "On an empty database: run schema.sql instead of the migrations it stands for"},
    [OPTION_TRANSACTION] = {"transaction", TYPE_WORD, "auto", "auto|migration|run", false, false,
                            "One transaction for each migration, or one for the whole run, all or nothing (auto: migration on "
                            "PostgreSQL; on SQLite one transaction with a savepoint for each, so that what succeeded stays)"},
    [OPTION_COMMIT_EVERY] = {"commit_every", TYPE_DURATION, "1s", NULL, false, true,
                             "SQLite, transaction=auto: commit between two migrations once the transaction is older than this"},
    [OPTION_WAIT_TIMEOUT] = {"wait_timeout", TYPE_DURATION, "5min", NULL, false, false,
                             "How long to wait for the database to come up, and for another runner"},
    [OPTION_RUN_DEADLINE] = {"run_deadline", TYPE_DURATION, "none", NULL, false, true,
                             "The work is cancelled after this time"},
    [OPTION_RUN_BUDGET] = {"run_budget", TYPE_DURATION, "none", NULL, false, true,
                           "No further migration is begun after this time; the next run goes on"},
    [OPTION_DDL_LOCK_TIMEOUT] = {"ddl_lock_timeout", TYPE_DURATION, "1s", NULL, false, true,
                                 "PostgreSQL: what all waits for locks of one attempt at a migration may take together; then it is "
                                 "rolled back, and tried again later"},
    [OPTION_DDL_LOCK_ATTEMPTS] = {"ddl_lock_attempts", TYPE_NUMBER, "30", NULL, false, false,
                                  "PostgreSQL: how often a migration that does not get its locks is tried, with pauses of five times "
                                  "ddl_lock_timeout"},
    [OPTION_MAX_BLOCKING] = {"max_blocking", TYPE_DURATION, "none", NULL, false, true,
                             "PostgreSQL: a statement is cancelled once it has held other sessions up for this time"},
    [OPTION_PREFLIGHT] = {"preflight", TYPE_WORD, "fail", "fail|warn|off", false, false,
                          "Rights and extensions that pending migrations will lack: refuse before the first, warn, do not look"},
    [OPTION_STORED_DOWN] = {"stored_down", TYPE_WORD, "refuse", "refuse|allow", false, false,
                            "Roll back with the text that the history keeps, where the source has none"},
    [OPTION_GENERATE_DOWN] = {"generate_down", TYPE_WORD, "auto", "auto|on|off", false, false,
                              "A migration without rollback text gets one from the schema before and behind it, kept in the history "
                              "(auto: unless the database was empty as the run began)"},
    [OPTION_VERIFY] = {"verify", TYPE_WORD, "off", "off|on", false, false,
                       "For development: pending migrations go up, down and up in a scratch database first; baseline: the schema is "
                       "compared with what the migrations lead to"},
    [OPTION_FINGERPRINT] = {"fingerprint", TYPE_WORD, "off", "off|on", false, false,
                            "The schema's fingerprint goes into the history at the end of a run, so that drift is seen"},
    [OPTION_KEEP_FACTS] = {"keep_facts", TYPE_WORD, "off", "off|on", false, false,
                           "The facts behind the fingerprint are kept in the database, so that drift is named without a scratch database"},
    [OPTION_RECONCILE] = {"reconcile", TYPE_WORD, "off", "off|report|apply", false, false,
                          "Start-up, behind the migrations: what is missing of the declared schema is left, told, or added"},
    [OPTION_DECLARED] = {"declared", TYPE_TEXT, NULL, NULL, false, false,
                         "File with the schema that the application is written for, as SQL for an empty database"},
    [OPTION_SHADOW_URL] = {"shadow_url", TYPE_TEXT, NULL, NULL, true, false,
                           "Where scratch databases are made, or an empty database to be used as one (default: on the same server, or in a "
                           "transaction of the database that is rolled back)"},
    [OPTION_RULES] = {"rules", TYPE_TEXT, NULL, NULL, false, false,
                      "Severities of findings: RULE=error|warning|info|off, with commas between (PG11=error,style=warning)"},
    [OPTION_BACKUP] = {"backup", TYPE_WORD, "auto", "auto|off|destructive|tables|always", false, false,
                       "A backup before a run: never; where the plan has a statement that can lose data, of the database or of the tables "
                       "that it touches; always (auto: destructive on SQLite, off on PostgreSQL)"},
    [OPTION_BACKUP_DIR] = {"backup_dir", TYPE_TEXT, NULL, NULL, false, false,
                           "Folder for backups (default: beside the SQLite file, ./backups for PostgreSQL)"},
    [OPTION_BACKUP_KEEP] = {"backup_keep", TYPE_NUMBER, "10", NULL, false, false, "How many verified backups are kept"},
    [OPTION_BACKUP_MAX_AGE] = {"backup_max_age", TYPE_DURATION, "none", NULL, false, true,
                               "Older verified backups are removed, but never the newest"},
    [OPTION_BACKUP_MAX_BYTES] = {"backup_max_bytes", TYPE_SIZE, "none", NULL, false, true,
                                 "The oldest verified backups are removed once all take more (500MB, 2GB), but never the newest"},
    [OPTION_PROTECT] = {"protect", TYPE_TEXT, NULL, NULL, false, false,
                        "Tables whose rows are counted before and after each migration, with commas between; auto: those that "
                        "destructive statements of the plan touch. Fewer rows fail the migration"},
    [OPTION_PROTECT_BUDGET] = {"protect_budget", TYPE_DURATION, "5s", NULL, false, true,
                               "protect=auto: tables that cannot be counted within this time are told of, and left uncounted"},
    [OPTION_ALLOW_DATA_LOSS] = {"allow_data_loss", TYPE_TEXT, NULL, NULL, false, false,
                                "Why this run may lose rows of protected tables; goes into the history"},
    [OPTION_CONFIRM] = {"confirm", TYPE_TEXT, NULL, NULL, false, false,
                        "The database's name: a protected database may lose data in this call"},
    [OPTION_SET_ROLE] = {"set_role", TYPE_TEXT, NULL, NULL, false, false,
                         "PostgreSQL: the role that runs the migrations and owns what they make"},
    [OPTION_HOST_TRANSACTION] = {"host_transaction", TYPE_WORD, "refuse", "refuse|use", false, false,
                                 "The host's own connection is inside a transaction: refuse, or work inside it"},
    [OPTION_SCHEMA_PRIVILEGES] = {"schema_privileges", TYPE_WORD, "off", "off|on", false, false,
                                  "Owners and privileges belong to the schema that snapshot shows"},
    [OPTION_POOLER] = {"pooler", TYPE_WORD, "auto", "auto|session|transaction", false, false,
                       "PostgreSQL behind a pooler (PgBouncer ...): find out and take it to pool transactions; it pools sessions, or "
                       "there is none; it pools transactions"},
    [OPTION_DIRECT_URL] = {"direct_url", TYPE_TEXT, NULL, NULL, true, false,
                           "The same database past the pooler, for runs with what no transaction can hold (CREATE INDEX CONCURRENTLY)"},
    [OPTION_HISTORY_SCHEMA] = {"history_schema", TYPE_TEXT, NULL, NULL, false, false,
                               "Schema of the history table (default: public on PostgreSQL, main on SQLite)"},
    [OPTION_HISTORY_TABLE] = {"history_table", TYPE_TEXT, "libmigrate_history", NULL, false, false,
                              "Name of the history table"},
    [OPTION_APPLICATION] = {"application", TYPE_TEXT, "libmigrate", NULL, false, false,
                            "The host program's name and version, for the history and the server's session list"},
    [OPTION_ACTOR] = {"actor", TYPE_TEXT, NULL, NULL, false, false, "Who asks for the change, for the history"},
    [OPTION_REASON] = {"reason", TYPE_TEXT, NULL, NULL, false, false, "Why, for the history"},
};

static int option_find(const char *key)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(table[i].key, key) == 0)
            return i;
    }
    return -1;
}

/* Edit distance, for "did you mean"; keys are short. */
static size_t distance(const char *a, const char *b)
{
    enum { LIMIT = 40 };
    size_t row[LIMIT + 1], n = strlen(a), m = strlen(b);
    if (n > LIMIT || m > LIMIT)
        return LIMIT;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < step ? change : step;
        }
    }
    return row[m];
}

/* NULL: nothing comes near. */
static const char *nearest_key(const char *key)
{
    const char *best = NULL;
    size_t best_distance = strlen(key) / 2 + 1;
    for (int i = 0; i < OPTION_COUNT; i++) {
        size_t d = distance(key, table[i].key);
        if (d < best_distance) {
            best_distance = d;
            best = table[i].key;
        }
    }
    return best;
}

static bool word_among(const char *word, const char *values)
{
    size_t length = strlen(word);
    for (const char *p = values; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
        size_t n = strcspn(p, "|");
        if (n == length && memcmp(p, word, n) == 0)
            return true;
    }
    return false;
}

/* 0: it is no number from 1 to NUMBER_MOST. */
static int64_t number_of(const char *value)
{
    int64_t number = 0;
    for (; *value >= '0' && *value <= '9' && number <= NUMBER_MOST; value++)
        number = number * 10 + (*value - '0');
    return *value == '\0' && number <= NUMBER_MOST ? number : 0;
}

static int32_t check_value(const struct option_row *row, const char *value, migrate_error **err)
{
    int64_t duration;
    switch (row->type) {
    case TYPE_TEXT:
        return row == &table[OPTION_RULES] ? severities_check(value, err) : MIGRATE_OK;
    case TYPE_WORD:
        if (word_among(value, row->values))
            return MIGRATE_OK;
        error_set(err, MIGRATE_ERROR_OPTION, "option %s: no value \"%s\"", row->key, value);
        error_hint(err, "one of %s", row->values);
        return MIGRATE_ERROR_OPTION;
    case TYPE_DURATION:
        if (row->none && strcmp(value, "none") == 0)
            return MIGRATE_OK;
        if (clock_duration(value, &duration))
            return MIGRATE_OK;
        error_set(err, MIGRATE_ERROR_OPTION, "option %s: \"%s\" is no duration", row->key, value);
        error_hint(err, "a number with a unit: 500ms, 30s, 5min, 2h%s", row->none ? "; or none" : "");
        return MIGRATE_ERROR_OPTION;
    case TYPE_SIZE:
        if (row->none && strcmp(value, "none") == 0)
            return MIGRATE_OK;
        if (size_read(value, &duration))
            return MIGRATE_OK;
        error_set(err, MIGRATE_ERROR_OPTION, "option %s: \"%s\" is no size", row->key, value);
        error_hint(err, "a number with a unit: 500MB, 2GB, 512MiB%s", row->none ? "; or none" : "");
        return MIGRATE_ERROR_OPTION;
    case TYPE_NUMBER:
        if (number_of(value) > 0)
            return MIGRATE_OK;
        error_set(err, MIGRATE_ERROR_OPTION, "option %s: \"%s\" is no number from 1 to %d", row->key, value, NUMBER_MOST);
        error_hint(err, "digits alone: %s", row->standard);
        return MIGRATE_ERROR_OPTION;
    }
    return MIGRATE_OK;
}

int32_t options_new(migrate_options **out, migrate_error **err)
{
    migrate_options *options = memory_new(sizeof *options);
    if (!options)
        return error_nomem(err);
    *out = options;
    return MIGRATE_OK;
}

int32_t options_copy(const migrate_options *options, migrate_options **out, migrate_error **err)
{
    migrate_options *copy = NULL;
    int32_t code = options_new(&copy, err);
    if (code != MIGRATE_OK)
        return code;
    if (options) {
        for (int i = 0; i < OPTION_COUNT; i++) {
            if (options->values[i] && !(copy->values[i] = memory_text(options->values[i]))) {
                options_free(copy);
                return error_nomem(err);
            }
        }
        copy->token = token_ref(options->token);
        copy->event = options->event;
        copy->event_user = options->event_user;
        copy->source = memory_source_ref(options->source);
        copy->declare = options->declare;
        copy->declare_user = options->declare_user;
        copy->backup = options->backup;
        copy->backup_user = options->backup_user;
        if (options->declared && !(copy->declared = memory_text(options->declared))) {
            options_free(copy);
            return error_nomem(err);
        }
    }
    *out = copy;
    return MIGRATE_OK;
}

int32_t options_set(migrate_options *options, const char *key, const char *value, migrate_error **err)
{
    int i = option_find(key);
    if (i < 0) {
        error_set(err, MIGRATE_ERROR_OPTION, "there is no option \"%s\"", key);
        const char *near = nearest_key(key);
        if (near)
            error_hint(err, "did you mean \"%s\"?", near);
        else
            error_hint(err, "migrate_options_list() names them all");
        return MIGRATE_ERROR_OPTION;
    }
    char *copy = NULL;
    if (value) {
        int32_t code = check_value(&table[i], value, err);
        if (code != MIGRATE_OK)
            return code;
        if (!(copy = memory_text(value)))
            return error_nomem(err);
    }
    memory_free(options->values[i]);
    options->values[i] = copy;
    return MIGRATE_OK;
}

static void environment_name(const char *key, char *out, size_t size)
{
    size_t n = 0;
    for (const char *p = "MIGRATE_"; *p && n + 1 < size; p++)
        out[n++] = *p;
    for (; *key && n + 1 < size; key++)
        out[n++] = (char)(*key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key);
    out[n] = '\0';
}

int32_t options_from_environment(migrate_options *options, migrate_error **err)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        char name[64];
        environment_name(table[i].key, name, sizeof name);
        const char *value = getenv(name);
        if (!value && i == OPTION_URL)
            value = getenv("DATABASE_URL");
        if (!value)
            continue;
        int32_t code = options_set(options, table[i].key, value, err);
        if (code != MIGRATE_OK) {
            error_detail(err, "from the environment variable %s", name);
            return code;
        }
    }
    return MIGRATE_OK;
}

int32_t options_list(migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"key",    "type",  "default", "values",
                                          "secret", "since", "help",    "environment"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    if (!rows)
        return error_nomem(err);
    for (int i = 0; i < OPTION_COUNT; i++) {
        char name[64];
        environment_name(table[i].key, name, sizeof name);
        rows_put_text(rows, table[i].key);
        rows_put_text(rows, type_names[table[i].type]);
        rows_put_text(rows, table[i].standard);
        rows_put_text(rows, table[i].values);
        rows_put_bool(rows, table[i].secret);
        rows_put_text(rows, "1.0");
        rows_put_text(rows, table[i].help);
        rows_put_text(rows, name);
    }
    return rows_finish(rows, out, err);
}

const char *options_get(const migrate_options *options, const char *key)
{
    int i = option_find(key);
    return i < 0 ? NULL : option_text(options, (enum option_key)i);
}

void options_set_token(migrate_options *options, migrate_token *token)
{
    migrate_token *old = options->token;
    options->token = token_ref(token);
    token_unref(old);
}

void options_set_source(migrate_options *options, migrate_source *source)
{
    migrate_source *old = options->source;
    options->source = memory_source_ref(source);
    memory_source_unref(old);
}

int32_t options_set_declared(migrate_options *options, const char *sql, migrate_declare_fn make, void *user, migrate_error **err)
{
    char *copy = memory_text(sql);
    if (sql && !copy)
        return error_nomem(err);
    memory_free(options->declared);
    options->declared = copy;
    options->declare = make;
    options->declare_user = user;
    return MIGRATE_OK;
}

void options_free(migrate_options *options)
{
    if (!options)
        return;
    for (int i = 0; i < OPTION_COUNT; i++)
        memory_free(options->values[i]);
    token_unref(options->token);
    memory_source_unref(options->source);
    memory_free(options->declared);
    memory_free(options);
}

const char *option_text(const migrate_options *options, enum option_key key)
{
    return options->values[key] ? options->values[key] : table[key].standard;
}

bool option_is(const migrate_options *options, enum option_key key, const char *word)
{
    return text_equal(option_text(options, key), word);
}

int64_t option_duration(const migrate_options *options, enum option_key key)
{
    int64_t duration = 0;
    const char *value = option_text(options, key);
    if (!value || strcmp(value, "none") == 0 || !clock_duration(value, &duration))
        return 0;
    return duration;
}

int64_t option_number(const migrate_options *options, enum option_key key)
{
    const char *value = option_text(options, key);
    return value ? number_of(value) : 0;
}

int64_t option_size(const migrate_options *options, enum option_key key)
{
    int64_t size = 0;
    const char *value = option_text(options, key);
    return value && strcmp(value, "none") != 0 && size_read(value, &size) ? size : 0;
}
