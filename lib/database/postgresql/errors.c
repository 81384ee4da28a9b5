/* SPDX-License-Identifier: MIT
 * What PostgreSQL and libpq say, as errors of this library. Decisions go by SQLSTATE, never by words: the
 * server and libpq speak many languages. */
#include "database/postgresql/client.h"

#include <string.h>

/* A pattern ends at a '*': the whole class. The first row that fits counts. */
static const struct sqlstate_rule {
    const char *sqlstate;
    int32_t code;
    enum error_kind kind;
    const char *hint;
} sqlstate_rules[] = {
    {"42501", MIGRATE_ERROR_RIGHTS, ERROR_RIGHTS,
     "grant the right to this role, or run as the owner (option set_role)"},
    {"25006", MIGRATE_ERROR_READ_ONLY, ERROR_READ_ONLY, "connect to the primary server"},
    {"55P03", MIGRATE_ERROR_LOCKED, ERROR_BUSY, "another session holds a lock on it; run again later"},
    {"40P01", MIGRATE_ERROR_SQL, ERROR_BUSY, NULL},
    {"40001", MIGRATE_ERROR_SQL, ERROR_BUSY, NULL},
    {"42P01", MIGRATE_ERROR_SQL, ERROR_NO_TABLE, NULL},
    {"42703", MIGRATE_ERROR_SQL, ERROR_NO_COLUMN, NULL},
    {"23505", MIGRATE_ERROR_SQL, ERROR_UNIQUE, NULL},
    {"42P06", MIGRATE_ERROR_SQL, ERROR_EXISTS, NULL},
    {"42P07", MIGRATE_ERROR_SQL, ERROR_EXISTS, NULL},
    {"42701", MIGRATE_ERROR_SQL, ERROR_EXISTS, NULL},
    {"42710", MIGRATE_ERROR_SQL, ERROR_EXISTS, NULL},
    {"42723", MIGRATE_ERROR_SQL, ERROR_EXISTS, NULL},
    {"53100", MIGRATE_ERROR_IO, ERROR_IO, "free space on the database server"},
    {"58030", MIGRATE_ERROR_IO, ERROR_IO, NULL},
    {"XX001", MIGRATE_ERROR_IO, ERROR_IO, NULL},
    {"XX002", MIGRATE_ERROR_IO, ERROR_IO, NULL},
    /* Behind these the server has closed the connection: shutdown, crash, idle time-outs, network. */
    {"57P0*", MIGRATE_ERROR_CONNECTION_LOST, ERROR_LOST, NULL},
    {"25P03", MIGRATE_ERROR_CONNECTION_LOST, ERROR_LOST, NULL},
    {"25P04", MIGRATE_ERROR_CONNECTION_LOST, ERROR_LOST, NULL},
    {"08*", MIGRATE_ERROR_CONNECTION_LOST, ERROR_LOST, NULL},
    {"25001", MIGRATE_ERROR_SQL, ERROR_OTHER,
     "put `-- migrate: no-transaction` into the file to run it outside a transaction"},
    {"2D000", MIGRATE_ERROR_SQL, ERROR_OTHER,
     "put `-- migrate: no-transaction` into the file to run it outside a transaction"},
    {"55P04", MIGRATE_ERROR_SQL, ERROR_UNCOMMITTED,
     "a new enum value can be used only after it was committed: use it in the next migration"},
};

/* While connecting, some of them mean something else. */
static const struct sqlstate_rule connect_rules[] = {
    {"28*", MIGRATE_ERROR_AUTHENTICATION, ERROR_OTHER,
     "check the user name and the password, and pg_hba.conf on the server"},
    {"3D000", MIGRATE_ERROR_NO_DATABASE, ERROR_OTHER, "create the database, or check its name in the URL"},
    {"42501", MIGRATE_ERROR_RIGHTS, ERROR_RIGHTS, "GRANT CONNECT ON DATABASE to this role"},
    {"53*", MIGRATE_ERROR_CONNECT, ERROR_RETRY, "the server has no connection left; try again later"},
    {"57P*", MIGRATE_ERROR_CONNECT, ERROR_RETRY, "the server is starting or stopping; try again later"},
    {"08*", MIGRATE_ERROR_CONNECT, ERROR_RETRY, "check the server, and the pooler before it"},
    {"*", MIGRATE_ERROR_CONNECT, ERROR_OTHER, NULL},
};

/* PgBouncer has one SQLSTATE for all that it says of its own, and one language. */
static const struct {
    const char *words;
    struct sqlstate_rule rule;
} pooler_rules[] = {
    {"not allowed in statement pooling mode",
     {"08P01", MIGRATE_ERROR_REFUSED, ERROR_OTHER,
      "the pooler takes each statement for itself, and migrations need transactions: set pool_mode=transaction or session for this "
      "database, or give the URL of the server itself"}},
    {"unsupported startup parameter",
     {"08P01", MIGRATE_ERROR_URL, ERROR_OTHER,
      "the pooler takes no such parameter: take it out of the URL and the PG* variables (options is PGOPTIONS), or list it in "
      "the pooler's ignore_startup_parameters"}},
    {"authentication failed",
     {"08P01", MIGRATE_ERROR_AUTHENTICATION, ERROR_OTHER, "check the user name and the password, and what the pooler knows of them"}},
    {"no such user", {"08P01", MIGRATE_ERROR_AUTHENTICATION, ERROR_OTHER, "add the user to the pooler's auth_file"}},
    {"no such database", {"08P01", MIGRATE_ERROR_NO_DATABASE, ERROR_OTHER, "add the database to the pooler's configuration"}},
    {"does not exist",
     {"08P01", MIGRATE_ERROR_NO_DATABASE, ERROR_OTHER, "create the database or the role, or check their names in the URL"}},
};

static const struct sqlstate_rule *find_pooler_rule(const char *sqlstate, const char *message)
{
    if (sqlstate == NULL || strcmp(sqlstate, "08P01") != 0)
        return NULL;
    for (size_t i = 0; i < sizeof pooler_rules / sizeof pooler_rules[0]; i++)
        if (strstr(message, pooler_rules[i].words) != NULL)
            return &pooler_rules[i].rule;
    return NULL;
}

static const struct sqlstate_rule *find_rule(const struct sqlstate_rule *list, size_t count, const char *sqlstate)
{
    for (size_t i = 0; i < count; i++) {
        size_t fixed = strcspn(list[i].sqlstate, "*");

        if (strncmp(list[i].sqlstate, sqlstate, fixed) == 0)
            return &list[i];
    }
    return NULL;
}

void postgresql_classify(migrate_error **err, const char *sqlstate, int32_t *code)
{
    const struct sqlstate_rule *rule = NULL;

    if (sqlstate != NULL)
        rule = find_rule(sqlstate_rules, sizeof sqlstate_rules / sizeof sqlstate_rules[0], sqlstate);
    *code = rule == NULL ? MIGRATE_ERROR_SQL : rule->code;
    error_database(err, rule == NULL ? ERROR_OTHER : rule->kind, sqlstate, 0);
    if (rule != NULL && rule->hint != NULL)
        error_hint(err, "%s", rule->hint);
}

/* ---- while running ---- */

/* The connection broke: libpq's first line says how, its others are advice for psql's users. */
static int32_t lost(const struct postgresql_connection *connection, const char *sqlstate, const char *text,
                    migrate_error **err)
{
    size_t length = strcspn(text, "\n");

    error_set(err, MIGRATE_ERROR_CONNECTION_LOST, "the connection to %s was lost%s%.*s",
              connection->base.label, length > 0 ? ": " : "", (int)length, text);
    error_hint(err, "run again: what was committed stays, and the history tells how far it came");
    error_database(err, ERROR_LOST, sqlstate, 0);
    return MIGRATE_ERROR_CONNECTION_LOST;
}

/* The pooler will not have it, and closes the connection. */
static int32_t refuse(const struct postgresql_connection *connection, const struct sqlstate_rule *rule, const char *text,
                      migrate_error **err)
{
    error_set(err, rule->code, "%s: %.*s", connection->base.label, (int)strcspn(text, "\n"), text);
    error_hint(err, "%s", rule->hint);
    error_database(err, rule->kind, rule->sqlstate, 0);
    return rule->code;
}

/* A statement that a function put together may hold a password; context has it as: SQL statement "..." */
static void add_inner(const char *what, const char *query, migrate_error **err)
{
    static const char quoted[] = "SQL statement \"";
    struct text shown = {0};

    text_add(&shown, query);
    if (!shown.failed && shown.data != NULL) {
        char *from = strstr(shown.data, quoted);
        for (char *next = from; next != NULL; next = strstr(next, quoted)) {
            next += strlen(quoted);
            sql_hide_secrets(&sql_postgresql, next, strlen(next));
        }
        if (from == NULL)
            sql_hide_secrets(&sql_postgresql, shown.data, shown.length);
        error_detail_add(err, "%s: %s", what, shown.data);
    }
    text_free(&shown);
}

static void add_details(const struct postgresql_client *pq, const PGresult *result, migrate_error **err)
{
    const char *detail = pq->PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = pq->PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *inner = pq->PQresultErrorField(result, PG_DIAG_INTERNAL_QUERY);
    const char *context = pq->PQresultErrorField(result, PG_DIAG_CONTEXT);

    if (detail != NULL)
        error_detail_add(err, "%s", detail);
    if (inner != NULL)
        add_inner("query", inner, err);
    if (context != NULL)
        add_inner("context", context, err);
    if (hint != NULL)
        error_hint(err, "%s", hint);
}

static bool is_fatal(const struct postgresql_client *pq, const PGresult *result)
{
    const char *severity = result == NULL ? NULL : pq->PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity == NULL || text_equal(severity, "FATAL") || text_equal(severity, "PANIC");
}

/* A connection of the server's own, to a foreign server. */
static int32_t foreign_lost(const struct postgresql_client *pq, const PGresult *result, const char *sqlstate,
                            const char *message, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SQL, "%.*s", (int)strcspn(message, "\n"), message);
    error_database(err, ERROR_OTHER, sqlstate, 0);
    add_details(pq, result, err);
    return MIGRATE_ERROR_SQL;
}

int32_t postgresql_error(const struct postgresql_connection *connection, const PGresult *result,
                         migrate_error **err)
{
    const struct postgresql_client *pq = connection->pq;
    const char *sqlstate = result == NULL ? NULL : pq->PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = result == NULL ? NULL : pq->PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const struct sqlstate_rule *refused;
    int32_t code = MIGRATE_ERROR_SQL, set;

    if (message == NULL)
        message = pq->PQerrorMessage(connection->handle);
    refused = find_pooler_rule(sqlstate, message);
    if (refused != NULL)
        return refuse(connection, refused, message, err);
    postgresql_classify(NULL, sqlstate, &code);
    if (pq->PQstatus(connection->handle) == CONNECTION_BAD ||
        (code == MIGRATE_ERROR_CONNECTION_LOST && is_fatal(pq, result)))
        return lost(connection, sqlstate, message, err);
    if (code == MIGRATE_ERROR_CONNECTION_LOST)
        return foreign_lost(pq, result, sqlstate, message, err);
    set = error_set(err, code, "%.*s", (int)strcspn(message, "\n"), message);
    if (set != code)
        return set;
    postgresql_classify(err, sqlstate, &code);
    if (result != NULL)
        add_details(pq, result, err);
    return postgresql_observe_explain(connection, sqlstate, code, err);
}

/* ---- while connecting ---- */

struct report {
    struct text message; /* of the first line */
    struct text detail;  /* of the others */
    char sqlstate[6];    /* of the last line that has one; "" if none has */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Where in a line "SEVERITY:  28P01: " has its five characters; NULL: nowhere. */
static const char *find_sqlstate(const char *line, size_t length)
{
    for (size_t i = 0; i + 10 <= length; i++) {
        size_t digits = 0;

        if (memcmp(line + i, ":  ", 3) != 0 || memcmp(line + i + 8, ": ", 2) != 0)
            continue;
        while (digits < 5 && (is_digit(line[i + 3 + digits]) ||
                              (line[i + 3 + digits] >= 'A' && line[i + 3 + digits] <= 'Z')))
            digits++;
        if (digits == 5)
            return line + i + 3;
    }
    return NULL;
}

static bool contains(const char *line, size_t length, const char *piece)
{
    size_t wanted = strlen(piece);

    for (size_t i = 0; i + wanted <= length; i++)
        if (memcmp(line + i, piece, wanted) == 0)
            return true;
    return false;
}

/* "LOCATION:  auth_failed, auth.c:334", whatever the language: it ends like that. */
static bool is_location(const char *line, size_t length)
{
    size_t i = length;

    while (i > 0 && is_digit(line[i - 1]))
        i--;
    if (i == length || i < 4 || line[i - 1] != ':')
        return false;
    i--;
    while (i > 0 && line[i - 1] >= 'a' && line[i - 1] <= 'z')
        i--;
    return i > 0 && line[i - 1] == '.' && contains(line, i, ", ") && contains(line, i, ":  ");
}

static void add_line(struct report *report, const char *line, size_t length)
{
    const char *sqlstate = find_sqlstate(line, length);
    struct text *to = report->message.length == 0 ? &report->message : &report->detail;

    if (length == 0 || is_location(line, length))
        return;
    if (report->detail.length > 0 && to == &report->detail)
        text_add_char(to, '\n');
    if (sqlstate == NULL) {
        text_add_n(to, line, length);
        return;
    }
    memcpy(report->sqlstate, sqlstate, 5);
    text_add_n(to, line, (size_t)(sqlstate - line) - 1); /* "FATAL: " */
    text_add_n(to, sqlstate + 7, length - (size_t)(sqlstate + 7 - line));
}

static void read_report(struct report *report, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        if (*text != '\t') /* libpq's advice; the hint says it too */
            add_line(report, text, length);
        text += length + (text[length] == '\n');
    }
}

/* Nothing but the set-up can mend these, so waiting is of no use. A handshake that the other side cut short
 * ("SSL SYSCALL error") may be a proxy whose server is not up yet. Where libpq speaks another language than
 * English "certificate" may be missed: then the wait just takes its time. */
static bool is_tls_problem(const char *text)
{
    return strstr(text, "certificate") != NULL ||
           (strstr(text, "SSL") != NULL && strstr(text, "SSL SYSCALL") == NULL);
}

/* libpq checks options before it does anything else. Resetting a connection whose options are bad does
 * nothing and says nothing; any other fails again and says so. */
static bool options_bad(const struct postgresql_client *pq, PGconn *handle)
{
    return pq->PQresetStart(handle) == 0 && *pq->PQerrorMessage(handle) == '\0';
}

static struct sqlstate_rule rule_without_sqlstate(const struct postgresql_client *pq, PGconn *handle, bool immediate,
                                         const char *text)
{
    if (immediate && options_bad(pq, handle))
        return (struct sqlstate_rule){NULL, MIGRATE_ERROR_URL, ERROR_OTHER,
                             "check the options in the URL and in the PG* variables"};
    if (pq->PQconnectionNeedsPassword(handle))
        return (struct sqlstate_rule){NULL, MIGRATE_ERROR_AUTHENTICATION, ERROR_OTHER,
                             "give the password in the URL, in PGPASSWORD or in ~/.pgpass"};
    if (is_tls_problem(text))
        return (struct sqlstate_rule){NULL, MIGRATE_ERROR_CONNECT, ERROR_OTHER,
                             "check sslmode and the certificates on both sides"};
    return (struct sqlstate_rule){NULL, MIGRATE_ERROR_CONNECT, ERROR_RETRY,
                         "check that the server runs and can be reached from here"};
}

int32_t postgresql_connect_error(const struct postgresql_client *pq, PGconn *handle, bool immediate,
                                 migrate_error **err)
{
    struct report report = {0};
    const struct sqlstate_rule *pooler;
    struct sqlstate_rule rule;
    int32_t result;

    read_report(&report, pq->PQerrorMessage(handle));
    if (report.message.failed || report.message.length == 0) {
        result = error_nomem(err);
        goto out;
    }
    pooler = find_pooler_rule(report.sqlstate, report.message.data);
    if (pooler != NULL)
        rule = *pooler;
    else if (report.sqlstate[0] != '\0')
        rule = *find_rule(connect_rules, sizeof connect_rules / sizeof connect_rules[0], report.sqlstate);
    else
        rule = rule_without_sqlstate(pq, handle, immediate, report.message.data);
    result = error_set(err, rule.code, "%s", report.message.data);
    if (report.detail.length > 0)
        error_detail(err, "%s", report.detail.data);
    if (rule.hint != NULL)
        error_hint(err, "%s", rule.hint);
    error_database(err, rule.kind, report.sqlstate, 0);
out:
    text_free(&report.message);
    text_free(&report.detail);
    return result;
}
