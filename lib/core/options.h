/* SPDX-License-Identifier: MIT
 * The option table: one list that drives the setter, the environment, the command line's flags, the documentation and the
 * bindings' keywords. A new option is a new row here and a reader somewhere in core/. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "util/rows.h"
#include "util/watch.h"

enum option_key {
    OPTION_URL,
    OPTION_DIR,
    OPTION_MODULE,
    OPTION_MODE,
    OPTION_ON_PENDING,
    OPTION_ON_AHEAD,
    OPTION_ON_MODIFIED,
    OPTION_ON_MISSING,
    OPTION_ON_RENAMED,
    OPTION_ON_UNMANAGED,
    OPTION_ON_STANDBY,
    OPTION_NETWORK_FILE,
    OPTION_ORDER,
    OPTION_DUPLICATE_NUMBERS,
    OPTION_SCHEMA_FILE,
    OPTION_TRANSACTION,
    OPTION_COMMIT_EVERY,
    OPTION_WAIT_TIMEOUT,
    OPTION_RUN_DEADLINE,
    OPTION_RUN_BUDGET,
    OPTION_DDL_LOCK_TIMEOUT,
    OPTION_DDL_LOCK_ATTEMPTS,
    OPTION_MAX_BLOCKING,
    OPTION_PREFLIGHT,
    OPTION_STORED_DOWN,
    OPTION_GENERATE_DOWN,
    OPTION_VERIFY,
    OPTION_FINGERPRINT,
    OPTION_KEEP_FACTS,
    OPTION_RECONCILE,
    OPTION_DECLARED,
    OPTION_SHADOW_URL,
    OPTION_RULES,
    OPTION_BACKUP,
    OPTION_BACKUP_DIR,
    OPTION_BACKUP_KEEP,
    OPTION_BACKUP_MAX_AGE,
    OPTION_BACKUP_MAX_BYTES,
    OPTION_PROTECT,
    OPTION_PROTECT_BUDGET,
    OPTION_ALLOW_DATA_LOSS,
    OPTION_CONFIRM,
    OPTION_SET_ROLE,
    OPTION_HOST_TRANSACTION,
    OPTION_SCHEMA_PRIVILEGES,
    OPTION_POOLER,
    OPTION_DIRECT_URL,
    OPTION_HISTORY_SCHEMA,
    OPTION_HISTORY_TABLE,
    OPTION_APPLICATION,
    OPTION_ACTOR,
    OPTION_REASON,
    OPTION_COUNT
};

struct migrate_options {
    char *values[OPTION_COUNT]; /* NULL: the default */
    migrate_token *token;
    migrate_event_fn event;
    void *event_user;
    migrate_source *source;
    char *declared; /* SQL text; NULL: see the next, or the option */
    migrate_declare_fn declare;
    void *declare_user;
    migrate_backup_fn backup;
    void *backup_user;
};

int32_t options_new(migrate_options **out, migrate_error **err);
int32_t options_copy(const migrate_options *options, migrate_options **out, migrate_error **err); /* NULL: the defaults */
int32_t options_set(migrate_options *options, const char *key, const char *value, migrate_error **err);
int32_t options_from_environment(migrate_options *options, migrate_error **err);
int32_t options_list(migrate_rows **out, migrate_error **err);
const char *options_get(const migrate_options *options, const char *key);
void options_set_token(migrate_options *options, migrate_token *token);
void options_set_source(migrate_options *options, migrate_source *source);
int32_t options_set_declared(migrate_options *options, const char *sql, migrate_declare_fn make, void *user, migrate_error **err);
void options_free(migrate_options *options);

/* The value in force; NULL only where there is no default. */
const char *option_text(const migrate_options *options, enum option_key key);
bool option_is(const migrate_options *options, enum option_key key, const char *word);
int64_t option_duration(const migrate_options *options, enum option_key key); /* 0: none */
int64_t option_size(const migrate_options *options, enum option_key key);     /* bytes; 0: none */
int64_t option_number(const migrate_options *options, enum option_key key);

#endif
