/* SPDX-License-Identifier: MIT
 * PostgreSQL: a program's connection is cut before, inside and behind each message of its conversation, in both directions. On an own
 * connection the program says that all went well, and its report tells of each step once; on a borrowed one it says what is known. What
 * the migrations did is there once, and a rerun finds nothing to do. */
#include "faults.h"
#include "migrate_libpq.h"
#include "proxy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is run through the proxy. */
struct scenario {
    const char *name;
    const char *transaction; /* option */
    void (*prepare)(void);   /* on a direct connection; NULL: nothing is to be done */
    int32_t (*work)(migrate_session *session, migrate_rows **report, migrate_error **err);
    const char *ids;     /* all that the report tells of, in order */
    const char *effects; /* as faults_effects(); NULL: not there any more */
    const char *history; /* what the history has: a count */
    bool borrowed;
    bool no_parts; /* without the migration that is several transactions */
    bool lone;     /* with the one that has lone statements */
    bool facts;    /* with some that get rollback texts; the schema's facts are kept */
};

static char proxied[600];
static const struct scenario *scene;

/* ---- migrations ---- */

static int32_t code_up(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "INSERT INTO effects VALUES ('004')", NULL);
}

static int32_t code_down(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "INSERT INTO effects VALUES ('004 down')", NULL);
}

static void write_migrations(void)
{
    migrate_source *source = NULL;
    api_file("001_effects.sql", "CREATE TABLE IF NOT EXISTS effects (id text);\nINSERT INTO effects VALUES ('001');\n"
                                "-- ROLLBACK: INSERT INTO effects VALUES ('001 down');\n");
    api_file("002_items.sql", "CREATE TABLE items (id integer);\nINSERT INTO effects VALUES ('002');\n"
                              "-- ROLLBACK:\n-- DROP TABLE items;\n-- INSERT INTO effects VALUES ('002 down');\n-- END ROLLBACK\n");
    api_file("003_copy.sql", "COPY items FROM stdin;\n1\n2\n3\n\\.\nCOPY effects FROM stdin;\n003\n\\.\n"
                             "-- ROLLBACK: INSERT INTO effects VALUES ('003 down');\n");
    api_file("repeatable/r.sql", "INSERT INTO effects VALUES ('r');\n");
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add_code(source, "004_code", "1", code_up, code_down, NULL, api_error()));
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    migrate_source_free(source);
}

static void write_parts(void)
{
    api_file("005_parts.sql", "BEGIN;\nINSERT INTO effects VALUES ('005a');\nCOMMIT;\n"
                              "BEGIN;\nINSERT INTO effects VALUES ('005b');\nCOMMIT;\n"
                              "-- ROLLBACK: INSERT INTO effects VALUES ('005 down');\n");
}

static void write_lone(void)
{
    api_file("006_lone.sql", "INSERT INTO effects VALUES ('006a');\nCREATE INDEX CONCURRENTLY items_id ON items (id);\n"
                             "INSERT INTO effects VALUES ('006b');\n");
}

static void write_made(void)
{
    api_file("007_made.sql", "CREATE TABLE made (id integer);\n");
    api_file("008_more.sql", "ALTER TABLE made ADD more text;\nCREATE INDEX made_more ON made (more);\n");
}

/* ---- work ---- */

static int32_t apply(migrate_session *session, migrate_rows **report, migrate_error **err)
{
    return migrate_startup_session(session, report, err);
}

static int32_t roll_back(migrate_session *session, migrate_rows **report, migrate_error **err)
{
    return migrate_rollback(session, "-2", report, err);
}

static int32_t baseline(migrate_session *session, migrate_rows **report, migrate_error **err)
{
    return migrate_baseline(session, NULL, "test", report, err);
}

static int32_t mark(migrate_session *session, migrate_rows **report, migrate_error **err)
{
    return migrate_mark(session, "applied", "002_items", "test", report, err);
}

static void apply_all(void)
{
    API_OK(api_apply());
}

static void apply_one(void)
{
    API_OK(api_goto("001_effects"));
}

static void make_effects(void)
{
    api_sql("CREATE TABLE effects (id text)");
}

#define FIVE "001_effects 002_items 003_copy 004_code 005_parts r"
#define FIVE_EFFECTS "001 1 002 1 003 1 004 1 005a 1 005b 1 r 1"

static const struct scenario scenes[] = {
    {.name = "migrations", .work = apply, .ids = FIVE, .effects = FIVE_EFFECTS, .history = "event = 'applied'"},
    {.name = "one transaction", .transaction = "run", .work = apply, .ids = "001_effects 002_items 003_copy 004_code r",
     .effects = "001 1 002 1 003 1 004 1 r 1", .history = "event = 'applied'", .no_parts = true},
    {.name = "rollback", .prepare = apply_all, .work = roll_back, .ids = "r 005_parts 004_code",
     .effects = "001 1 002 1 003 1 004 1 004 down 1 005 down 1 005a 1 005b 1 r 1",
     .history = "event IN ('rolled_back', 'forgotten')"},
    {.name = "baseline", .prepare = make_effects, .work = baseline,
     .ids = "001_effects 002_items 003_copy 004_code 005_parts", .effects = "", .history = "event = 'baselined'"},
    {.name = "mark", .prepare = apply_one, .work = mark, .ids = "002_items", .effects = "001 1", .history = "event = 'marked'"},
    {.name = "borrowed", .work = apply, .ids = FIVE, .effects = FIVE_EFFECTS, .history = "event = 'applied'", .borrowed = true},
    {.name = "lone statements", .prepare = apply_all, .work = apply, .ids = "006_lone",
     .effects = "001 1 002 1 003 1 004 1 005a 1 005b 1 006a 1 006b 1 r 1",
     .history = "id = '006_lone' AND event = 'applied'", .lone = true},
    {.name = "generated rollbacks", .prepare = apply_all, .work = apply, .ids = "007_made 008_more", .effects = FIVE_EFFECTS,
     .history = "(id = '007_made' AND down_sql ~ 'DROP TABLE' OR id = '008_more' AND down_sql ~ 'DROP COLUMN' AND fingerprint IS NOT NULL "
                "AND EXISTS (SELECT FROM libmigrate_history_facts)) AND event = 'applied'", .facts = true},
};

/* ---- the program ---- */

static void tell(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", api.folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        _exit(4);
}

static const char *told(const char *name)
{
    static char text[1000];
    char path[300];
    snprintf(path, sizeof path, "%s/%s", api.folder, name);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file)
        fclose(file);
    return text;
}

static void tell_report(const migrate_rows *report)
{
    char ids[1000] = "";
    for (size_t i = 0; i < migrate_rows_count(report); i++) {
        size_t length = strlen(ids);
        snprintf(ids + length, sizeof ids - length, "%s%s", i ? " " : "", migrate_rows_text(report, i, 0));
    }
    tell("report", ids);
}

static int32_t program(migrate_error **err)
{
    migrate_session *session = NULL;
    migrate_rows *report = NULL;
    PGconn *host = NULL;
    int32_t code;
    if (scene->borrowed) {
        host = PQconnectdb(proxied);
        if (PQstatus(host) != CONNECTION_OK)
            _exit(5);
        code = migrate_open_libpq(host, api.options, &session, err);
    } else {
        code = migrate_open(proxied, api.options, &session, err);
    }
    if (code == MIGRATE_OK)
        code = scene->work(session, &report, err);
    tell_report(report);
    tell("code", migrate_code_name(code));
    tell("id", err && *err && migrate_error_id(*err) ? migrate_error_id(*err) : "");
    migrate_rows_free(report);
    migrate_close(session);
    PQfinish(host);
    return code;
}

/* ---- one cut ---- */

static struct {
    long cuts, unknown, lost, not_begun, asked; /* asked: for a person */
    int64_t worst;
} sum;

static int server_port(void)
{
    int port = 5432;
    PQconninfoOption *options = PQconninfoParse(api.url, NULL);
    for (PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, "port") == 0 && o->val)
            port = atoi(o->val);
    PQconninfoFree(options);
    return port;
}

/* Until no session but the test's own is left: what a program left behind may still commit. */
static void wait_for_silence(void)
{
    for (int i = 0; i < 1000; i++) {
        if (strcmp(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = "
                             "'client backend' AND pid <> pg_backend_pid()"),
                   "0") == 0)
            return;
        faults_sleep(10000);
    }
    ck_abort_msg("a session of the program stays");
}

static void without(const char *file)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", api.dir, file);
    unlink(path);
}

static void begin_scene(void)
{
    faults_empty();
    faults_forget_errors();
    tell("code", "");
    tell("report", "");
    without("006_lone.sql");
    without("007_made.sql");
    without("008_more.sql");
    if (scene->no_parts)
        without("005_parts.sql");
    else
        write_parts();
    if (scene->prepare)
        scene->prepare();
    if (scene->lone)
        write_lone();
    if (scene->facts)
        write_made();
}

static void start(const struct proxy_cut *cuts, struct proxy_state *state)
{
    struct proxy proxy = {0};
    proxy_start(&proxy, server_port(), cuts);
    snprintf(proxied, sizeof proxied, "postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable&gssencmode=disable", proxy.port,
             api.database);
    int64_t begun = faults_now();
    faults_end(faults_start_as(program));
    if (faults_now() - begun > sum.worst)
        sum.worst = faults_now() - begun;
    *state = *proxy.state;
    proxy_stop(&proxy);
}

/* What a borrowed connection's error says is so. */
static void check_claim(const char *where)
{
    char *code = strdup(told("code")), sql[300];
    wait_for_silence();
    sum.unknown += strcmp(code, "outcome_unknown") == 0;
    sum.lost += strcmp(code, "connection_lost") == 0;
    sum.not_begun += !*code;
    ck_assert_msg(!*code || strcmp(code, "ok") == 0 || strcmp(code, "outcome_unknown") == 0 || strcmp(code, "connection_lost") == 0,
                  "%s: %s", where, faults_errors());
    if (strcmp(code, "connection_lost") == 0 && *told("id")) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM libmigrate_history WHERE event = 'applied' AND id = '%s'", told("id"));
        if (strcmp(api_query("SELECT count(to_regclass('libmigrate_history'))"), "1") == 0)
            ck_assert_msg(strcmp(api_query(sql), "0") == 0, "%s: %s was said not to be committed", where, told("id"));
    }
    free(code);
}

static void check_all(const char *where)
{
    char sql[300];
    ck_assert_msg(strcmp(faults_effects(), scene->effects) == 0, "%s: %s", where, faults_effects());
    snprintf(sql, sizeof sql, "SELECT string_agg(id, ' ' ORDER BY seq) FROM libmigrate_history WHERE %s", scene->history);
    ck_assert_msg(strcmp(api_query(sql), scene->ids) == 0, "%s: %s", where, api_query(sql));
}

static void cut(const struct proxy_cut cuts[PROXY_CUTS])
{
    static const char *const places[] = {"before", "inside", "behind"};
    struct proxy_state state = {0};
    char where[200];
    begin_scene();
    start(cuts, &state);
    snprintf(where, sizeof where, "%s, cut %s message %ld (%c) to the %s, %ld cuts", scene->name, places[cuts[0].where],
             cuts[0].message, state.type ? state.type : '-', cuts[0].direction == PROXY_TO_SERVER ? "server" : "client", state.cut);
    sum.cuts += state.cut;
    if (scene->borrowed) {
        check_claim(where);
        API_OK(api_apply());
    } else if (strcmp(told("code"), "partial") == 0) {
        sum.asked++;
        return;
    } else {
        ck_assert_msg(strcmp(told("code"), "ok") == 0, "%s: %s", where, faults_errors());
        ck_assert_msg(strcmp(told("report"), scene->ids) == 0, "%s: reported %s", where, told("report"));
        if (scene->work == apply) {
            API_OK(api_apply());
            ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
        }
    }
    check_all(where);
}

/* ---- all cuts ---- */

static struct proxy_cut cut_number(const struct proxy_state *whole, long number)
{
    long message = number / PROXY_WHERES, to_server = whole->messages[PROXY_TO_SERVER];
    return (struct proxy_cut){.direction = message < to_server ? PROXY_TO_SERVER : PROXY_TO_CLIENT,
                              .where = (enum proxy_where)(number % PROXY_WHERES),
                              .message = 1 + (message < to_server ? message : message - to_server)};
}

static struct proxy_cut any_cut(const struct proxy_state *whole)
{
    enum proxy_direction direction = faults_random(2) ? PROXY_TO_SERVER : PROXY_TO_CLIENT;
    return (struct proxy_cut){.direction = direction, .where = (enum proxy_where)faults_random(PROXY_WHERES),
                              .message = 1 + faults_random(whole->messages[direction])};
}

static void run_scene(void)
{
    static const struct proxy_cut none[PROXY_CUTS];
    struct proxy_state whole = {0};
    memset(&sum, 0, sizeof sum);
    api_option("transaction", scene->transaction);
    api_option("generate_down", scene->facts ? "on" : NULL);
    api_option("keep_facts", scene->facts ? "on" : NULL);
    begin_scene();
    start(none, &whole);
    ck_assert_msg(strcmp(told("code"), "ok") == 0, "%s: %s", scene->name, faults_errors());
    check_all("no cut");
    long places = (whole.messages[0] + whole.messages[1]) * PROXY_WHERES, most = places < 1000 ? places : 1000;
    long rounds = faults_rounds(8, most);
    for (long i = 0; i < rounds; i++) {
        struct proxy_cut cuts[PROXY_CUTS] = {rounds == places ? cut_number(&whole, i) : any_cut(&whole)};
        cut(cuts);
    }
    for (long i = 0; i < rounds / 4 && !scene->borrowed; i++) { /* and the new connection too */
        struct proxy_cut cuts[PROXY_CUTS] = {any_cut(&whole), any_cut(&whole)};
        cut(cuts);
    }
    faults_report("%s: %ld messages to the server, %ld to the client: %ld cuts; unknown outcome %ld, lost %ld, not begun %ld, asked for a "
                  "person %ld; longest start %.2f s",
                  scene->name, whole.messages[0], whole.messages[1], sum.cuts, sum.unknown, sum.lost, sum.not_begun, sum.asked,
                  (double)sum.worst / 1e6);
    ck_assert_int_gt(sum.cuts, rounds / 2);
}

START_TEST(test_cuts)
{
    if (api.engine != API_POSTGRESQL)
        return;
    write_migrations();
    api_option("on_unmanaged", "apply");
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        const char *only = getenv("FAULTS_SCENE");
        scene = &scenes[i];
        if (only && strcmp(only, scene->name) != 0)
            continue;
        run_scene();
    }
}
END_TEST

API("cuts", test_cuts)
