/* SPDX-License-Identifier: MIT
 * The SQL that PostgreSQL reads: everything the core wants to say to a server, as text. Works from version
 * 12 on. */
#include "database/postgresql/postgresql.h"

#include <string.h>

/* What RESET ALL resets; a setting of the host's own (my.setting) is in no list, so it could not be brought back. */
#define RESET_ALL                                                                                            \
    "SELECT pg_catalog.set_config(name, reset_val, false) FROM pg_catalog.pg_settings WHERE (context = 'user' OR " \
    "(context = 'superuser' AND pg_catalog.current_setting('is_superuser') = 'on')) AND setting IS DISTINCT FROM "  \
    "reset_val AND name NOT IN ('client_encoding', 'transaction_isolation', 'transaction_read_only', "       \
    "'transaction_deferrable', 'role', 'session_authorization', 'seed')"

/* ---- names and literals ---- */

static void add_quoted(struct text *out, const char *text, size_t length, char quote)
{
    const char *end = text + length, *found;

    text_add_char(out, quote);
    while ((found = memchr(text, quote, (size_t)(end - text))) != NULL) {
        text_add_n(out, text, (size_t)(found + 1 - text));
        text_add_char(out, quote);
        text = found + 1;
    }
    text_add_n(out, text, (size_t)(end - text));
    text_add_char(out, quote);
}

static void name_quoted(struct text *out, const char *schema, const char *table)
{
    if (schema != NULL && *schema != '\0') {
        add_quoted(out, schema, strlen(schema), '"');
        text_add_char(out, '.');
    }
    add_quoted(out, table, strlen(table), '"');
}

/* Means the same whatever standard_conforming_strings says; the space keeps E apart from a word before. */
static void literal(struct text *out, const char *text, size_t length)
{
    if (text == NULL) {
        text_add(out, "NULL");
        return;
    }
    if (memchr(text, '\\', length) == NULL) {
        add_quoted(out, text, length, '\'');
        return;
    }
    text_add(out, " E'");
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\'' || text[i] == '\\')
            text_add_char(out, text[i]);
        text_add_char(out, text[i]);
    }
    text_add_char(out, '\'');
}

static void add_literal(struct text *out, const char *text)
{
    literal(out, text, strlen(text));
}

static void boolean(struct text *out, bool truth)
{
    text_add(out, truth ? "true" : "false");
}

/* ---- history ---- */

static void history_create(struct text *out, const char *schema, const char *table)
{
    text_add(out, "CREATE TABLE IF NOT EXISTS ");
    name_quoted(out, schema, table);
    text_add(out, " (\n"
                  "    module text NOT NULL,\n"
                  "    seq bigint NOT NULL,\n"
                  "    format integer NOT NULL,\n"
                  "    event text NOT NULL,\n"
                  "    effect text NOT NULL,\n"
                  "    kind text NOT NULL,\n"
                  "    id text NOT NULL,\n"
                  "    name text,\n"
                  "    checksum text,\n"
                  "    token_checksum text,\n"
                  "    breaking boolean NOT NULL,\n"
                  "    state text NOT NULL,\n"
                  "    chain text NOT NULL,\n"
                  "    run text NOT NULL,\n"
                  "    statement integer,\n"
                  "    statement_hash text,\n"
                  "    statement_sql text,\n"
                  "    down_sql text,\n"
                  "    fingerprint text,\n"
                  "    at timestamptz NOT NULL,\n"
                  "    duration_us bigint,\n"
                  "    db_user text,\n"
                  "    actor text,\n"
                  "    host text,\n"
                  "    application text,\n"
                  "    library text,\n"
                  "    reason text,\n"
                  "    error text,\n"
                  "    PRIMARY KEY (module, seq)\n"
                  ")");
}

/* From the catalog: to_regclass() fails where the role may not use the schema. */
static void history_exists(struct text *out, const char *schema, const char *table)
{
    text_add(out, "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c "
                  "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ");
    add_literal(out, schema);
    text_add(out, " AND c.relname = ");
    add_literal(out, table);
    text_add_char(out, ')');
}

static void history_has(struct text *out, const char *schema, const char *table, const char *column)
{
    text_add(out, "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a "
                  "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
                  "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE NOT a.attisdropped AND n.nspname = ");
    add_literal(out, schema);
    text_add(out, " AND c.relname = ");
    add_literal(out, table);
    text_add(out, " AND a.attname = ");
    add_literal(out, column);
    text_add_char(out, ')');
}

/* One catalog's objects of users. 16384 is where their numbers begin; EXISTS ends at the first one. OFFSET
 * keeps the planner from reading all of pg_depend at once. */
static void add_user_objects(struct text *out, const char *catalog, const char *namespace)
{
    text_format(out,
                "EXISTS (SELECT FROM pg_catalog.%s o JOIN pg_catalog.pg_namespace n ON n.oid = o.%s "
                "WHERE o.oid >= 16384 AND n.nspname !~ " POSTGRESQL_NOT_OURS " AND n.nspname <> 'information_schema' "
                "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e' "
                "AND d.classid = 'pg_catalog.%s'::pg_catalog.regclass AND d.objid = o.oid OFFSET 0)",
                catalog, namespace, catalog);
}

static void objects_exist(struct text *out, const char *schema, const char *table)
{
    text_add(out, "SELECT ");
    add_user_objects(out, "pg_class", "relnamespace");
    text_add(out, " AND o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT (n.nspname = ");
    add_literal(out, schema);
    text_add(out, " AND o.relname IN (");
    add_literal(out, table);
    text_add(out, ", ");
    add_literal(out, table);
    text_add(out, " || '" FACTS_KEPT "'))) OR ");
    add_user_objects(out, "pg_proc", "pronamespace");
    text_add(out, ") OR ");
    add_user_objects(out, "pg_type", "typnamespace");
    /* every table has a composite type too */
    text_add(out, " AND (o.typtype IN ('e', 'd', 'r') OR (o.typtype = 'c' AND EXISTS (SELECT "
                  "FROM pg_catalog.pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c'))))");
}

/* ---- transactions ---- */

/* A setting that only some servers have. local: until the transaction ends. */
#define SET_IF_KNOWN(condition, name, value, local)                                                          \
    ", CASE WHEN " condition "current_setting('" name "', true) IS NOT NULL "                                \
    "THEN set_config('" name "', '" value "', " local ") END"

/* The server looks for a client that is gone while it works, so that its lock is soon free: a killed one's system says so when
 * asked, one whose machine went down answers nothing. */
#define NOTICE_THE_END(local)                                                                                \
    SET_IF_KNOWN("version() LIKE '%linux%' AND ", "client_connection_check_interval", "500ms", local)        \
    ", CASE WHEN current_setting('tcp_keepalives_idle')::integer > 60 "                                      \
    "THEN set_config('tcp_keepalives_idle', '60', " local ") || set_config('tcp_keepalives_interval', '10', " \
    local ") || set_config('tcp_keepalives_count', '3', " local ") END"

/* Outside of transactions a role's or a database's time-outs would hit CREATE INDEX CONCURRENTLY. What begin() remembers is
 * remembered here for all transactions of a migration that has several: one of them may leave another role behind. */
static void before_alone(struct text *out, const char *set_role)
{
    if (set_role != NULL) {
        text_add(out, "SET ROLE ");
        name_quoted(out, NULL, set_role);
        text_add(out, "; ");
    }
    text_add(out, "SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false), "
                  "set_config('idle_in_transaction_session_timeout', '0', false), "
                  "set_config('default_transaction_read_only', 'off', false), "
                  "set_config('default_transaction_isolation', 'read committed', false), "
                  "set_config('libmigrate.user', session_user, false), "
                  "set_config('libmigrate.role', current_setting('role'), false)" NOTICE_THE_END("false"));
}

/* Besides the time-outs, it remembers whose transaction this is, for before_history(). */
void postgresql_begin_settings(struct text *out, const char *set_role)
{
    if (set_role != NULL) {
        text_add(out, "SET LOCAL ROLE ");
        name_quoted(out, NULL, set_role);
        text_add(out, "; ");
    }
    text_add(out, "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true), "
                  "set_config('idle_in_transaction_session_timeout', '0', true), "
                  "set_config('libmigrate.user', coalesce(nullif(current_setting('libmigrate.user', true), ''), "
                  "session_user), true), "
                  "set_config('libmigrate.role', coalesce(nullif(current_setting('libmigrate.role', true), ''), "
                  "current_setting('role')), true)" SET_IF_KNOWN("", "transaction_timeout", "0", "true")
                      NOTICE_THE_END("true") "; ");
}

static void begin(struct text *out, const char *set_role)
{
    text_add(out, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ");
    postgresql_begin_settings(out, set_role);
}

static void lock_limit(struct text *out, int64_t microseconds, bool local)
{
    text_add(out, local ? "SET LOCAL lock_timeout = " : "SET lock_timeout = ");
    text_add_int(out, (microseconds + 999) / 1000);
}

/* Roles alone can make the history's row fail: its names are qualified and its literals hold whatever the
 * settings are. RESET would forget the role that a host had set before it lent us its connection. RESET ALL
 * in a migration empties what begin() remembered. */
static void before_history(struct text *out, const char *set_role)
{
    text_add(out, "SELECT set_config('session_authorization', "
                  "coalesce(nullif(current_setting('libmigrate.user', true), ''), session_user), true), "
                  "set_config('role', coalesce(nullif(current_setting('libmigrate.role', true), ''), ");
    add_literal(out, set_role == NULL ? "none" : set_role);
    text_add(out, "), true); ");
}

/* RESET ALL leaves out the first two. */
static void after_commit(struct text *out)
{
    text_add(out, "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; DISCARD TEMPORARY");
}

/* ---- the lock ---- */

static void lock_try(struct text *out, int64_t key)
{
    text_add(out, "SELECT pg_try_advisory_lock('");
    text_add_int(out, key);
    text_add(out, "'::bigint)");
}

/* The key as the server shows it among its locks. */
static void add_holders(struct text *out, int64_t key)
{
    text_format(out,
                "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
                "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
                "AND l.classid = '%u'::oid AND l.objid = '%u'::oid AND l.database = "
                "(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())",
                (unsigned)((uint64_t)key >> 32), (unsigned)((uint64_t)key & 0xffffffffU));
}

/* To unlock what is not held is a warning, which a host's libpq would print. */
static void lock_release(struct text *out, int64_t key)
{
    text_add(out, "SELECT pg_advisory_unlock('");
    text_add_int(out, key);
    text_add(out, "'::bigint) WHERE EXISTS (SELECT ");
    add_holders(out, key);
    text_add(out, " AND l.pid = pg_backend_pid())");
}

/* Without the right to see another role's session only its process and user are known. */
static void lock_holder(struct text *out, int64_t key)
{
    text_add(out, "SELECT l.pid, a.usename, nullif(a.application_name, '') AS application, "
                  "coalesce(a.client_hostname, host(a.client_addr)) AS host, "
                  "(extract(epoch FROM a.backend_start) * 1000000)::bigint AS since, "
                  "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"') AS since_text, "
                  "'SELECT pg_terminate_backend(' || l.pid || ')' AS statement ");
    add_holders(out, key);
    text_add(out, " LIMIT 1");
}

/* The server would cut it, too, and say so each time. */
static void session_name(struct text *out, const char *name, bool local)
{
    enum { LONGEST = 63 };
    struct text cut = {0};
    size_t length = strnlen(name, LONGEST + 1);

    if (length > LONGEST)
        length = LONGEST;
    while (length > 0 && (name[length] & 0xC0) == 0x80) /* not inside of a character */
        length--;
    text_add_n(&cut, name, length);
    text_add(out, "SELECT set_config('application_name', ");
    add_literal(out, cut.data != NULL ? cut.data : "");
    out->failed |= cut.failed;
    text_free(&cut);
    text_add(out, local ? ", true)" : ", false)");
}

/* ---- preflight: one query, a row for each need that is not met ---- */

/* A schema that is not there will perhaps be made by a migration. */
static void need_create(struct text *out, int64_t index, const char *name)
{
    text_add(out, "SELECT ");
    text_add_int(out, index);
    text_add(out, ", format('role %I may not create objects in schema %I', current_user, n.nspname), "
                  "format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, current_user) "
                  "FROM pg_catalog.pg_namespace n WHERE n.nspname = ");
    if (*name == '\0') {
        text_add(out, "current_schema()");
    } else {
        text_add(out, "(parse_ident(");
        add_literal(out, name);
        text_add(out, "))[1]");
    }
    text_add(out, " AND NOT has_schema_privilege(n.oid, 'CREATE')");
}

static void need_create_schema(struct text *out, int64_t index)
{
    text_add(out, "SELECT ");
    text_add_int(out, index);
    text_add(out, ", format('role %I may not create schemas in database %I', current_user, current_database()), "
                  "format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user) "
                  "WHERE NOT has_database_privilege(current_database(), 'CREATE')");
}

/* One that is not there will perhaps be made by a migration. */
static void from_relation(struct text *out, const char *name)
{
    text_add(out, "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE c.oid = to_regclass(");
    add_literal(out, name);
    text_add(out, ") AND NOT ");
}

static void need_owner(struct text *out, int64_t index, const char *name, const char *may)
{
    text_add(out, "SELECT ");
    text_add_int(out, index);
    text_add(out, ", format('role %I does not own %s (owner: %I)', current_user, c.oid::regclass, "
                  "pg_get_userbyid(c.relowner)), "
                  "format('ALTER TABLE %s OWNER TO %I, or run as %I (option set_role)', c.oid::regclass, "
                  "current_user, pg_get_userbyid(c.relowner)) ");
    from_relation(out, name);
    text_add(out, may);
}

static void need_trigger(struct text *out, int64_t index, const char *name)
{
    text_add(out, "SELECT ");
    text_add_int(out, index);
    text_add(out, ", format('role %I may not create triggers on %s', current_user, c.oid::regclass), "
                  "format('GRANT TRIGGER ON %s TO %I', c.oid::regclass, current_user) ");
    from_relation(out, name);
    text_add(out, "has_table_privilege(c.oid, 'TRIGGER')");
}

/* what: of the two tables; rights: to be granted on it, the last of which is asked for. */
static void need_table(struct text *out, int64_t index, const char *name, const char *what, const char *rights, const char *last)
{
    text_add(out, "SELECT ");
    text_add_int(out, index);
    text_format(out,
                ", format(CASE WHEN h.oid IS NULL THEN 'role %%I may not create the %s %%s' "
                "ELSE 'role %%I may not write the %s %%s' END, current_user, h.name), "
                "CASE WHEN h.oid IS NULL THEN format('GRANT CREATE ON SCHEMA %%I TO %%I', n.nspname, current_user) "
                "ELSE format('GRANT %s ON %%s TO %%I', h.name, current_user) END "
                "FROM (SELECT name, to_regclass(name)::oid AS oid FROM (SELECT ",
                what, what, rights);
    add_literal(out, name);
    text_format(out,
                "::text AS name) t) h JOIN pg_catalog.pg_namespace n ON n.nspname = (parse_ident(h.name))[1] "
                "WHERE NOT CASE WHEN h.oid IS NULL THEN has_schema_privilege(n.oid, 'CREATE') "
                "ELSE has_table_privilege(h.oid, 'INSERT') AND has_table_privilege(h.oid, '%s') END",
                last);
}

/* Who may create an extension that is there: a superuser, or for a trusted one (13 and later) whoever may
 * create in the database. Managed services let their own administrators do more: no guesses there. */
#define MAY_NOT_CREATE_EXTENSION                                                                             \
    "a.installed_version IS NULL AND NOT r.rolsuper AND NOT "                                                \
    "(coalesce((to_jsonb(v) ->> 'trusted')::boolean, false) "                                                \
    "AND has_database_privilege(current_database(), 'CREATE')) "                                             \
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles m WHERE m.rolname IN "                                  \
    "('rds_superuser', 'cloudsqlsuperuser', 'alloydbsuperuser', 'azure_pg_admin'))"

static void need_extension(struct text *out, int64_t index, const char *name)
{
    text_add(out, "SELECT ");
    text_add_int(out, index);
    text_add(out, ", CASE WHEN a.name IS NULL "
                  "THEN format('extension %I is not available on this server', e.name) "
                  "ELSE format('role %I may not create extension %I', current_user, e.name) END, "
                  "CASE WHEN a.name IS NULL THEN 'install its package on the database server' "
                  "ELSE format('let a superuser run: CREATE EXTENSION %I', e.name) END "
                  "FROM (SELECT (parse_ident(");
    add_literal(out, name);
    text_add(out, "))[1]::name AS name) e JOIN pg_catalog.pg_roles r ON r.rolname = current_user "
                  "LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = e.name "
                  "LEFT JOIN pg_catalog.pg_available_extension_versions v "
                  "ON v.name = a.name AND v.version = a.default_version "
                  "WHERE a.name IS NULL OR (" MAY_NOT_CREATE_EXTENSION ")");
}

static void preflight(struct text *out, const struct database_need *needs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_add(out, " UNION ALL ");
        switch (needs[i].kind) {
        case NEED_CREATE_IN_SCHEMA:
            need_create(out, (int64_t)i, needs[i].name);
            break;
        case NEED_CREATE_SCHEMA:
            need_create_schema(out, (int64_t)i);
            break;
        case NEED_OWN:
            need_owner(out, (int64_t)i, needs[i].name, "pg_has_role(c.relowner, 'USAGE')");
            break;
        case NEED_DROP:
            need_owner(out, (int64_t)i, needs[i].name,
                       "(pg_has_role(c.relowner, 'USAGE') OR pg_has_role(n.nspowner, 'USAGE'))");
            break;
        case NEED_TRIGGER:
            need_trigger(out, (int64_t)i, needs[i].name);
            break;
        case NEED_HISTORY:
            need_table(out, (int64_t)i, needs[i].name, "history table", "SELECT, INSERT", "INSERT");
            break;
        case NEED_KEPT:
            need_table(out, (int64_t)i, needs[i].name, "table of kept facts", "SELECT, INSERT, DELETE", "DELETE");
            break;
        case NEED_EXTENSION:
            need_extension(out, (int64_t)i, needs[i].name);
            break;
        }
    }
    if (count == 0)
        text_add(out, "SELECT 0, '', '' WHERE false");
}

const struct database_engine database_postgresql = {
    .name = "postgresql",
    .dialect = &sql_postgresql,
    .default_schema = "public",
    .ahead_fails = false,
    .standbys = true,
    .shared_transaction = false,
    .name_quoted = name_quoted,
    .literal = literal,
    .boolean = boolean,
    .history_create = history_create,
    .history_exists = history_exists,
    .history_has = history_has,
    .reset_all = RESET_ALL,
    .objects_exist = objects_exist,
    .now = "clock_timestamp()",
    .at_microseconds = "(extract(epoch FROM at) * 1000000)::bigint",
    .since_begin = "(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000000)::bigint",
    .user = "current_user::text",
    .identity = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()",
    .database_name = "SELECT pg_catalog.current_database()::text",
    .tables_named = postgresql_tables_named,
    .table_again = postgresql_table_again,
    .table_names = "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') "
                   "AND pg_catalog.left(n.nspname::text, 3) <> 'pg_' AND n.nspname <> 'information_schema' ORDER BY 1",
    .begin = begin,
    .lock_limit = lock_limit,
    .before_alone = before_alone,
    .before_history = before_history,
    .after_commit = after_commit,
    .lock_try = lock_try,
    .lock_release = lock_release,
    .lock_holder = lock_holder,
    .session_name = session_name,
    .pooling = &postgresql_pooling,
    .preflight = preflight,
    .facts = postgresql_facts,
    .version = "SELECT pg_catalog.current_setting('server_version')",
    .type_keeps = postgresql_type_keeps,
    .trial_limits = "SET LOCAL lock_timeout = '50ms'; SET LOCAL statement_timeout = '500ms'",
    .fact_unchecked = postgresql_fact_unchecked,
    .facts_head = "SET check_function_bodies = off;\n",
    .trial_head = "SET LOCAL check_function_bodies = off",
    .look_begin = postgresql_look_begin,
    .look_ahead = postgresql_look_ahead,
    .look_behind = postgresql_look_behind,
    .look_close = postgresql_look_close,
    .look_undone = postgresql_look_undone,
    .look_free = postgresql_look_free,
    .positions = postgresql_positions,
    .broken = postgresql_broken,
    .settle = postgresql_settle,
    .fact_change = postgresql_fact_change,
    .fact_aside = postgresql_fact_aside,
    .fact_in_the_way = postgresql_fact_in_the_way,
    .fact_rename = postgresql_fact_rename,
    .fact_move = postgresql_fact_move,
    .fact_alike = postgresql_fact_alike,
    .fact_goes_on = postgresql_fact_goes_on,
    .fact_counted = postgresql_fact_counted,
    .writes_begin = postgresql_writes_begin,
    .writes_since = postgresql_writes_since,
    .writes_had_rows = postgresql_writes_had_rows,
    .scratch_open = postgresql_scratch_open,
    .scratch_close = postgresql_scratch_close,
    .extensions = postgresql_extensions,
    .samples = &postgresql_samples,
    .online = &postgresql_online,
    .reaches_beyond = postgresql_reaches_beyond,
    .probe = postgresql_probe,
    .grant_select = "GRANT SELECT ON %s TO %s",
    .grant_write = "GRANT SELECT, INSERT ON %s TO %s",
    .grant_kept = "GRANT SELECT, INSERT, DELETE ON %s TO %s",
    .grant_create = "GRANT CREATE ON SCHEMA %s TO %s",
    .rights_sqlstate = "42501",
};
