/* SPDX-License-Identifier: MIT
 * Scratch databases: made on the server of a connection, or where a URL leads, and dropped behind their use. Both go over a connection of
 * their own, because the one that is to be imitated may be inside a transaction. What a killed process left is known by its name. */
#include "database/postgresql/client.h"

#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

#define PREFIX "libmigrate_scratch_"
#define NAME_TIME "'YYYYMMDDHH24MISS'"

enum {
    DROP_PATIENCE = 60000000, /* microseconds: the server makes a checkpoint before it drops a database */
    DROP_CANCELLED = 5000000
};

struct postgresql_scratch {
    struct database *keeper; /* on another database, or beside the work on a borrowed one */
    char *name;              /* NULL: the database was there before, and is to be emptied */
};

/* What the database to be imitated is like. */
struct likeness {
    struct migrate_rows *database; /* one row: see ASK_DATABASE */
    struct migrate_rows *settings; /* name and value, of the database and of the role in it */
};

/* By way of JSON, because later servers have columns that earlier ones lack. */
#define ASK_DATABASE                                                                                         \
    "SELECT pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, "                          \
    "pg_catalog.to_jsonb(d) ->> 'datlocprovider', "                                                          \
    "coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'), "          \
    "pg_catalog.to_jsonb(d) ->> 'daticurules' "                                                              \
    "FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"
enum { ENCODING, COLLATE, CTYPE, PROVIDER, LOCALE, RULES };

/* The role's own come last and win. */
#define ASK_SETTINGS                                                                                         \
    "SELECT pg_catalog.split_part(c, '=', 1), pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) "          \
    "FROM pg_catalog.pg_db_role_setting r CROSS JOIN LATERAL pg_catalog.unnest(r.setconfig) c "              \
    "WHERE r.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) " \
    "AND (r.setrole = 0 OR r.setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)) " \
    "ORDER BY r.setrole"

/* What a session may have been told, and what a schema's text depends on. */
#define ASK_SESSION                                                                                          \
    "SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.unnest(ARRAY['TimeZone', 'DateStyle', "   \
    "'IntervalStyle', 'search_path']) AS name WHERE pg_catalog.current_setting(name) <> ''"

/* In a transaction those count that are marked there (extensions.c). With what it needs, where the role may make that too. A schema that the extension did not make itself is made first. */
const char postgresql_extensions[] =
    "SELECT e.extname, CASE WHEN own THEN pg_catalog.format('CREATE SCHEMA IF NOT EXISTS %I; ', n.nspname) ELSE '' END || "
    "pg_catalog.format('CREATE EXTENSION IF NOT EXISTS %I', e.extname) || "
    "CASE WHEN own THEN pg_catalog.format(' SCHEMA %I', n.nspname) ELSE '' END || ' CASCADE' "
    "FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace "
    "CROSS JOIN LATERAL (SELECT n.nspname NOT IN ('public', 'pg_catalog') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d "
    "WHERE d.deptype = 'e' AND d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid) AS own) o "
    "WHERE e.extname = 'plpgsql' OR NOT EXISTS (SELECT FROM pg_catalog.pg_namespace a WHERE a.nspname = 'libmigrate_aside_extensions') "
    "OR EXISTS (SELECT FROM pg_catalog.pg_type m JOIN pg_catalog.pg_namespace a ON a.oid = m.typnamespace "
    "WHERE a.nspname = 'libmigrate_aside_extensions' AND m.typname = e.extname) ORDER BY e.oid";

static void likeness_free(struct likeness *likeness)
{
    rows_free(likeness->database);
    rows_free(likeness->settings);
}

static int32_t likeness_read(struct database *like, struct likeness *out, migrate_error **err)
{
    int32_t rc = like->class->query(like, ASK_DATABASE, &out->database, err);

    if (rc == MIGRATE_OK)
        rc = like->class->query(like, ASK_SETTINGS, &out->settings, err);
    return rc;
}

/* ---- refusals ---- */

#define WAYS                                                                                                 \
    "give shadow_url: a server where scratch databases may be made, or an empty database; or let the role make them: "

static bool is_end(int32_t code)
{
    return code == MIGRATE_ERROR_CANCELLED || code == MIGRATE_ERROR_TIMEOUT || code == MIGRATE_ERROR_NOMEM;
}

static void add_role(struct database *keeper, migrate_error **err)
{
    struct migrate_rows *rows = NULL;

    if (keeper->class->query(keeper, "SELECT pg_catalog.quote_ident(session_user)", &rows, NULL) == MIGRATE_OK)
        error_hint(err, WAYS "ALTER ROLE %s CREATEDB", rows_text(rows, 0, 0));
    else
        error_hint(err, WAYS "ALTER ROLE ... CREATEDB");
    rows_free(rows);
}

/* Takes the problem. keeper: to be asked for the role's name; NULL: there is none. */
static int32_t no_scratch(const char *where, int32_t code, migrate_error **problem, struct database *keeper, migrate_error **err)
{
    migrate_error *told = *problem;

    if (is_end(code) || told == NULL) {
        error_move(err, problem);
        return code;
    }
    *problem = NULL;
    error_set(err, MIGRATE_ERROR_SHADOW, "no scratch database is to be had on %s: %s", where, told->message);
    if (told->detail != NULL)
        error_detail(err, "%s", told->detail);
    error_database(err, told->kind, told->sqlstate, 0);
    if (keeper != NULL)
        add_role(keeper, err);
    else
        error_hint(err, "%s", told->hint != NULL ? told->hint : "give shadow_url: a server where scratch databases may be made, or an empty database");
    error_free(told);
    return MIGRATE_ERROR_SHADOW;
}

static int32_t refuse_pooler(const struct database *db, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SHADOW, "no scratch database is to be had on %s: it is a pooler, which leads to databases that it knows", db->label);
    error_hint(err, "give the URL of the server itself by the option direct_url or shadow_url");
    return MIGRATE_ERROR_SHADOW;
}

/* ---- the keeper ---- */

static int32_t open_keeper(struct database *like, const char *url, struct database **out, migrate_error **err)
{
    struct database_options options = {.application_name = "libmigrate", .watch = like->watch};
    const struct database_engine *engine = NULL;
    int32_t rc;

    if (url == NULL && !text_equal(like->class->name, "libpq")) {
        error_set(err, MIGRATE_ERROR_SHADOW, "no scratch database is to be had: the host's driver makes no further connections");
        error_hint(err, "give shadow_url: a server where scratch databases may be made, or an empty database");
        return MIGRATE_ERROR_SHADOW;
    }
    if (url == NULL)
        return postgresql_open_like((struct postgresql_connection *)like, NULL, NULL, like->watch, out, err);
    rc = database_url_engine(url, &engine, err);
    if (rc == MIGRATE_OK && engine != &database_postgresql) {
        error_set(err, MIGRATE_ERROR_OPTION, "the option shadow_url leads to %s, not to postgresql", engine->name);
        error_hint(err, "give the URL of a PostgreSQL server");
        return MIGRATE_ERROR_OPTION;
    }
    return rc == MIGRATE_OK ? database_open(url, &options, out, err) : rc;
}

static int32_t prepare_keeper(struct database *keeper, migrate_error **err)
{
    struct text sql = {0};
    bool pooled = false;
    int32_t rc = postgresql_find_pooler(keeper, &pooled, err);

    if (rc == MIGRATE_OK && pooled)
        return refuse_pooler(keeper, err);
    database_postgresql.before_alone(&sql, NULL);
    if (rc == MIGRATE_OK)
        rc = database_exec_text(keeper, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

/* ---- what others left ---- */

/* Their sessions are gone, and their beginnings are over. The name's time is the server's. */
#define ASK_LEFT                                                                                             \
    "SELECT d.datname FROM pg_catalog.pg_database d WHERE d.datname ~ '^" PREFIX "[0-9]{14}_[0-9a-f]{12}$' " \
    "AND d.datdba = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user) "                     \
    "AND pg_catalog.substr(d.datname, 20, 14) < "                                                            \
    "pg_catalog.to_char((pg_catalog.clock_timestamp() AT TIME ZONE 'UTC') - interval '1 minute', " NAME_TIME ") " \
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid "                       \
    "AND coalesce(a.backend_type, '') <> 'autovacuum worker')"

static int32_t drop_database(struct database *keeper, const char *name, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, "DROP DATABASE IF EXISTS ");
    database_postgresql.name_quoted(&sql, NULL, name);
    rc = database_exec_text(keeper, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

/* If one cannot be dropped, the next one tries again. */
static int32_t drop_left(struct database *keeper, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = keeper->class->query(keeper, ASK_LEFT, &rows, err);

    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(rows); i++) {
        migrate_error *problem = NULL;
        int32_t dropped = drop_database(keeper, rows_text(rows, i, 0), &problem);

        if (is_end(dropped)) {
            rc = dropped;
            error_move(err, &problem);
        }
        error_clear(&problem);
    }
    rows_free(rows);
    return rc;
}

/* ---- making one ---- */

static void add_text(struct text *sql, const char *what, const char *value)
{
    if (value == NULL)
        return;
    text_add(sql, what);
    database_postgresql.literal(sql, value, strlen(value));
}

/* How the server sorts: the provider is said where the server has a choice. */
static void add_locale(struct text *sql, const struct migrate_rows *database)
{
    const char *provider = rows_text(database, 0, PROVIDER);

    add_text(sql, " LC_COLLATE ", rows_text(database, 0, COLLATE));
    add_text(sql, " LC_CTYPE ", rows_text(database, 0, CTYPE));
    if (provider == NULL)
        return;
    if (text_equal(provider, "i")) {
        add_text(sql, " LOCALE_PROVIDER icu ICU_LOCALE ", rows_text(database, 0, LOCALE));
        add_text(sql, " ICU_RULES ", rows_text(database, 0, RULES));
    } else if (text_equal(provider, "b")) {
        add_text(sql, " LOCALE_PROVIDER builtin BUILTIN_LOCALE ", rows_text(database, 0, LOCALE));
    } else {
        text_add(sql, " LOCALE_PROVIDER libc");
    }
}

static int32_t create(struct database *keeper, const char *name, const struct migrate_rows *database, bool locale, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, "CREATE DATABASE ");
    database_postgresql.name_quoted(&sql, NULL, name);
    text_add(&sql, " TEMPLATE template0");
    add_text(&sql, " ENCODING ", rows_text(database, 0, ENCODING));
    if (locale)
        add_locale(&sql, database);
    rc = database_exec_text(keeper, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

static char *choose_name(struct database *keeper, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    unsigned char random[6] = {0};
    struct text name = {0};
    char *taken;

    if (keeper->class->query(keeper, "SELECT pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', " NAME_TIME ")", &rows,
                             err) != MIGRATE_OK)
        return NULL;
    if (!clock_random(random, sizeof random)) {
        for (size_t i = 0; i < sizeof random; i++)
            random[i] = (unsigned char)clock_jitter(256);
    }
    text_format(&name, PREFIX "%s_", rows_text(rows, 0, 0));
    for (size_t i = 0; i < sizeof random; i++)
        text_format(&name, "%02x", random[i]);
    rows_free(rows);
    taken = text_take(&name);
    text_free(&name);
    if (taken == NULL)
        error_nomem(err);
    return taken;
}

/* Another server may not know the target's locale. */
static int32_t make_database(struct postgresql_scratch *scratch, const struct likeness *likeness, bool elsewhere, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t rc;

    scratch->name = choose_name(scratch->keeper, &problem);
    if (scratch->name == NULL) {
        rc = problem != NULL ? problem->code : MIGRATE_ERROR_NOMEM;
        error_move(err, &problem);
        return rc;
    }
    rc = create(scratch->keeper, scratch->name, likeness->database, true, &problem);
    if (rc != MIGRATE_OK && elsewhere && !is_end(rc) && error_kind_of(&problem) != ERROR_RIGHTS) {
        error_clear(&problem);
        rc = create(scratch->keeper, scratch->name, likeness->database, false, &problem);
    }
    if (rc != MIGRATE_OK && !is_end(rc)) {
        memory_free(scratch->name);
        scratch->name = NULL;
    }
    error_move(err, &problem);
    return rc;
}

/* SET ... FROM CURRENT takes lists as they are. What the role may not set is left out. */
static int32_t copy_settings(struct database *keeper, const char *name, const struct migrate_rows *settings, migrate_error **err)
{
    for (size_t i = 0; i < rows_count(settings); i++) {
        const char *setting = rows_text(settings, i, 0), *value = rows_text(settings, i, 1), *dot = strchr(setting, '.');
        migrate_error *problem = NULL;
        struct text sql = {0};
        int32_t rc;

        text_add(&sql, "BEGIN READ WRITE; SELECT pg_catalog.set_config(");
        database_postgresql.literal(&sql, setting, strlen(setting));
        add_text(&sql, ", ", value);
        text_add(&sql, ", true); ALTER DATABASE ");
        database_postgresql.name_quoted(&sql, NULL, name);
        text_add(&sql, " SET ");
        if (dot != NULL) {
            char *group = memory_text_n(setting, (size_t)(dot - setting));
            database_postgresql.name_quoted(&sql, group != NULL ? group : "", dot + 1);
            sql.failed |= group == NULL;
            memory_free(group);
        } else {
            database_postgresql.name_quoted(&sql, NULL, setting);
        }
        text_add(&sql, " FROM CURRENT; COMMIT");
        rc = database_exec_text(keeper, &sql, NULL, &problem);
        text_free(&sql);
        if (rc != MIGRATE_OK && keeper->class->transaction(keeper) != DATABASE_IDLE)
            database_clean_up(keeper, "ROLLBACK", NULL);
        if (is_end(rc)) {
            error_move(err, &problem);
            return rc;
        }
        error_clear(&problem);
    }
    return MIGRATE_OK;
}

/* ---- connecting to it ---- */

/* As the server reads its options of the startup: a space is escaped. */
static int32_t startup_options(struct database *like, struct text *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = like->class->query(like, ASK_SESSION, &rows, err);

    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(rows); i++) {
        text_format(out, " -c %s=", rows_text(rows, i, 0));
        for (const char *p = rows_text(rows, i, 1); *p != '\0'; p++) {
            if (strchr(" \\\t\n", *p) != NULL)
                text_add_char(out, '\\');
            text_add_char(out, *p);
        }
    }
    rows_free(rows);
    return rc == MIGRATE_OK && out->failed ? error_nomem(err) : rc;
}

static void grant_all(struct text *sql, const char *what, const char *name, const char *role)
{
    if (role == NULL)
        return;
    text_format(sql, "GRANT ALL ON %s ", what);
    database_postgresql.name_quoted(sql, NULL, name);
    text_add(sql, " TO ");
    database_postgresql.name_quoted(sql, NULL, role);
    text_add(sql, "; ");
}

/* The history's schema; and a role that works there has what the session's own user has. */
static int32_t furnish(struct database *db, const struct postgresql_scratch *scratch, const struct database_scratch_wish *wish,
                       migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; ");
    if (!text_equal(wish->schema, database_postgresql.default_schema)) {
        text_add(&sql, "CREATE SCHEMA IF NOT EXISTS ");
        database_postgresql.name_quoted(&sql, NULL, wish->schema);
        text_add(&sql, "; ");
        grant_all(&sql, "SCHEMA", wish->schema, wish->role);
    }
    if (scratch->name != NULL) {
        grant_all(&sql, "DATABASE", scratch->name, wish->role);
        grant_all(&sql, "SCHEMA", database_postgresql.default_schema, wish->role);
    }
    text_add(&sql, "RESET default_transaction_read_only");
    rc = database_exec_text(db, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

static int32_t connect_to(struct postgresql_scratch *scratch, struct database *like, const struct database_scratch_wish *wish,
                          struct database **out, migrate_error **err)
{
    struct text options = {0};
    struct database *db = NULL;
    int32_t rc = startup_options(like, &options, err);

    if (rc == MIGRATE_OK)
        rc = postgresql_open_like((struct postgresql_connection *)scratch->keeper, scratch->name, options.data, like->watch, &db, err);
    text_free(&options);
    if (rc == MIGRATE_OK)
        rc = furnish(db, scratch, wish, err);
    if (rc != MIGRATE_OK) {
        database_close(db);
        return rc;
    }
    ((struct postgresql_connection *)db)->scratch = scratch;
    *out = db;
    return MIGRATE_OK;
}

/* ---- the hooks ---- */

/* A database of its own, or, where the role may not make one and the URL names an empty one, that. */
static int32_t make_or_borrow(struct postgresql_scratch *scratch, struct database *like, const struct database_scratch_wish *wish,
                              migrate_error **err)
{
    struct likeness likeness = {0};
    migrate_error *problem = NULL;
    const char *where = scratch->keeper->label;
    int32_t rc = likeness_read(like, &likeness, &problem);

    if (rc == MIGRATE_OK)
        rc = drop_left(scratch->keeper, &problem);
    if (rc == MIGRATE_OK) {
        rc = make_database(scratch, &likeness, wish->url != NULL, &problem);
        if (rc == MIGRATE_OK) {
            rc = copy_settings(scratch->keeper, scratch->name, likeness.settings, &problem);
        } else if (wish->url != NULL && error_kind_of(&problem) == ERROR_RIGHTS) {
            error_clear(&problem);
            rc = postgresql_borrow_database(scratch->keeper, err);
            likeness_free(&likeness);
            return rc;
        }
    }
    likeness_free(&likeness);
    return rc == MIGRATE_OK ? rc : no_scratch(where, rc, &problem, error_kind_of(&problem) == ERROR_RIGHTS ? scratch->keeper : NULL, err);
}

/* No database, but a place in a transaction of the one that is there. What there is against that, too, stands behind the first reason. */
static int32_t use_transaction(struct database *like, const struct database_scratch_wish *wish, struct database **out, migrate_error **problem)
{
    struct text options = {0};
    migrate_error *why = NULL;
    int32_t rc = startup_options(like, &options, &why);

    if (rc == MIGRATE_OK)
        rc = postgresql_aside_open(like, wish, options.data, out, &why);
    text_free(&options);
    if (rc == MIGRATE_OK) {
        error_clear(problem);
        return rc;
    }
    if (is_end(rc)) {
        error_clear(problem);
        *problem = why;
        return rc;
    }
    error_detail_add(problem, "a transaction of the database itself does not do either: %s", why != NULL ? why->message : "no reason given");
    error_clear(&why);
    return MIGRATE_ERROR_SHADOW;
}

int32_t postgresql_scratch_open(struct database *like, const struct database_scratch_wish *wish, struct database **out,
                                migrate_error **err)
{
    struct postgresql_scratch *scratch = memory_new(sizeof *scratch);
    migrate_error *problem = NULL;
    int32_t rc;

    if (scratch == NULL)
        return error_nomem(err);
    rc = open_keeper(like, wish->url, &scratch->keeper, &problem);
    if (rc == MIGRATE_OK)
        rc = prepare_keeper(scratch->keeper, &problem);
    if (rc != MIGRATE_OK) {
        database_close(scratch->keeper);
        memory_free(scratch);
        if (rc != MIGRATE_ERROR_SHADOW && rc != MIGRATE_ERROR_OPTION && rc != MIGRATE_ERROR_URL)
            return no_scratch(wish->url != NULL ? "the server of shadow_url" : like->label, rc, &problem, NULL, err);
        error_move(err, &problem);
        return rc;
    }
    rc = make_or_borrow(scratch, like, wish, &problem);
    if (rc == MIGRATE_ERROR_SHADOW && wish->url == NULL && !wish->apart && scratch->name == NULL && error_kind_of(&problem) == ERROR_RIGHTS) {
        rc = use_transaction(like, wish, out, &problem);
        database_close(scratch->keeper);
        memory_free(scratch);
        error_move(err, &problem);
        return rc;
    }
    error_move(err, &problem);
    if (rc == MIGRATE_OK) {
        rc = connect_to(scratch, like, wish, out, &problem);
        if (rc != MIGRATE_OK)
            rc = no_scratch(scratch->keeper->label, rc, &problem, NULL, err);
        if (rc != MIGRATE_OK)
            postgresql_scratch_end(scratch, NULL);
        else
            scratch->keeper->watch = NULL; /* it may end before the scratch database does */
        return rc;
    }
    if (scratch->name != NULL) { /* it may be there */
        postgresql_scratch_end(scratch, NULL);
    } else {
        database_close(scratch->keeper);
        memory_free(scratch);
    }
    return rc;
}

/* The keeper was idle for a while, and may be lost. */
static int32_t keeper_anew(struct postgresql_scratch *scratch, struct watch *watch, migrate_error **err)
{
    struct database *anew = NULL;
    int32_t rc = postgresql_open_like((struct postgresql_connection *)scratch->keeper, NULL, NULL, watch, &anew, err);

    if (rc == MIGRATE_OK) {
        database_close(scratch->keeper);
        scratch->keeper = anew;
    }
    return rc;
}

int32_t postgresql_scratch_end(struct postgresql_scratch *scratch, migrate_error **err)
{
    struct watch own = {0};
    bool cancelled;
    int32_t rc = MIGRATE_OK;

    if (scratch == NULL)
        return MIGRATE_OK;
    cancelled = watch_check(scratch->keeper->watch) != MIGRATE_OK;
    own.deadline = clock_monotonic() + (cancelled ? DROP_CANCELLED : DROP_PATIENCE);
    scratch->keeper->watch = &own;
    if (scratch->keeper->class->transaction(scratch->keeper) == DATABASE_LOST)
        rc = keeper_anew(scratch, &own, err);
    if (rc == MIGRATE_OK)
        rc = scratch->name != NULL ? drop_database(scratch->keeper, scratch->name, err)
                                   : postgresql_empty_database(scratch->keeper, err);
    scratch->keeper->watch = NULL;
    database_close(scratch->keeper);
    memory_free(scratch->name);
    memory_free(scratch);
    return rc;
}

int32_t postgresql_scratch_close(struct database *db, migrate_error **err)
{
    struct postgresql_connection *c = (struct postgresql_connection *)db;
    struct postgresql_scratch *scratch = c->scratch;

    c->scratch = NULL;
    if (scratch != NULL) /* what ends it now counts, and the keeper outlives the connection */
        scratch->keeper->watch = db->watch;
    database_close(db);
    return postgresql_scratch_end(scratch, err);
}
