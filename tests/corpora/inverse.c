/* SPDX-License-Identifier: MIT
 * Takes every migration of a folder back, for inverse.py: each file runs, and the way from the schema behind it to the schema ahead of it
 * is looked for, with a trial and without, and both are run for real.
 *     inverse URL FOLDER [COPY]
 * A line for each file: its name, what became of the way with a trial (same, exact, order, left, WRONG, failed) and of the one without (exact,
 * order, left, off), and details. COPY: the name of a database to make; there the way back is run and committed, and pg_dump has to print what it printed before. */
#include "schema/changes.h"
#include "util/file.h"
#include "util/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct campaign {
    struct database *db;
    const char *url, *copy;
    char *dump; /* of the schema as it was */
    char file[64]; /* where dumps are put for other programs */
    struct text details;
};

static const struct changes_wish wish = {.same_database = true, .facts = {.schema = "public", .table = "libmigrate_history", .owners = true}};

static void detail(struct campaign *campaign, const char *what, const char *text)
{
    text_format(&campaign->details, "\t%s: ", what);
    for (const char *c = text; *c != '\0'; c++)
        text_add_char(&campaign->details, *c == '\n' || *c == '\t' ? ' ' : *c);
}

static bool good(struct campaign *campaign, const char *what, migrate_error *err)
{
    bool fine = err == NULL;

    if (!fine)
        detail(campaign, what, err->message);
    error_free(err);
    return fine;
}

static struct database *open_url(struct campaign *campaign, const char *url)
{
    struct database_options options = {.application_name = "inverse", .create = true};
    struct database *db = NULL;
    migrate_error *err = NULL;

    database_open(url, &options, &db, &err);
    if (!good(campaign, "cannot connect", err)) {
        fprintf(stderr, "%s\n", campaign->details.data);
        exit(1);
    }
    return db;
}

/* ---- a file ---- */

static bool is_control(enum sql_kind kind)
{
    return kind == SQL_BEGIN || kind == SQL_COMMIT || kind == SQL_ROLLBACK;
}

static bool has_alone(const char *sql, size_t length)
{
    struct sql_statement statement;
    struct sql_splitter splitter;

    sql_split(&splitter, &sql_postgresql, sql, length);
    while (sql_next(&splitter, &statement)) {
        if (statement.kind == SQL_ALONE || statement.kind == SQL_ADD_VALUE)
            return true;
    }
    return false;
}

static int32_t copy_in(struct database *db, const char *sql, const struct sql_statement *statement, migrate_error **err)
{
    int64_t line = 0;
    int32_t rc = db->class->copy_begin(db, sql + statement->offset, statement->length, err);

    if (rc == MIGRATE_OK)
        rc = db->class->copy_data(db, sql + statement->data, statement->data_length, err);
    return rc == MIGRATE_OK ? db->class->copy_end(db, &line, err) : rc;
}

static int32_t run_file(struct database *db, const char *sql, size_t length, migrate_error **err)
{
    struct sql_statement statement;
    struct sql_splitter splitter;
    int32_t rc = MIGRATE_OK;

    sql_split(&splitter, db->engine->dialect, sql, length);
    while (rc == MIGRATE_OK && sql_next(&splitter, &statement)) {
        if (is_control(statement.kind) || statement.kind == SQL_META)
            continue;
        if (statement.kind == SQL_COPY_IN)
            rc = copy_in(db, sql, &statement, err);
        else
            rc = db->class->exec(db, sql + statement.offset, statement.length, NULL, err);
    }
    return rc;
}

static int32_t enter(struct database *db, migrate_error **err)
{
    return database_exec(db, "BEGIN", err);
}

/* What cannot run in a transaction runs without; either way one is open behind it. */
static bool apply(struct campaign *campaign, const char *sql, size_t length)
{
    struct database *db = campaign->db;
    migrate_error *err = NULL;
    bool alone = has_alone(sql, length);
    int32_t rc = alone ? MIGRATE_OK : enter(db, &err);

    if (rc == MIGRATE_OK)
        rc = run_file(db, sql, length, &err);
    if (rc == MIGRATE_OK && alone)
        rc = enter(db, &err);
    if (rc != MIGRATE_OK && db->class->transaction(db) != DATABASE_IDLE)
        database_clean_up(db, "ROLLBACK", NULL);
    return good(campaign, "does not run", err);
}

/* ---- a way ---- */

/* Runs it, and says how what it leads to differs. */
static const char *judge(struct campaign *campaign, const struct text *sql, const struct facts *wanted, const char *what)
{
    struct differences differences = {0};
    struct facts now = {0};
    const char *verdict = "exact";
    migrate_error *err = NULL;

    database_exec(campaign->db, "SAVEPOINT judged; SET CONSTRAINTS ALL IMMEDIATE", &err);
    if (err == NULL && sql->length > 0)
        database_exec_text(campaign->db, sql, NULL, &err);
    if (err == NULL)
        facts_read(campaign->db, &wish.facts, &now, &err);
    if (err == NULL)
        facts_compare(&now, wanted, &differences, &err);
    if (!good(campaign, what, err))
        verdict = "fails";
    else if (differences.count > 0)
        verdict = "off";
    else if (differences.column_order)
        verdict = "order";
    for (size_t i = 0; i < differences.count && i < 4; i++) {
        const struct fact *fact = differences.items[i].to != NULL ? differences.items[i].to : differences.items[i].from;
        struct text text = {0};
        text_format(&text, "%s %s %s", differences.items[i].to == NULL ? "surplus" : differences.items[i].from == NULL ? "missing" : "other",
                    fact->kind, fact->ident);
        detail(campaign, what, text.data);
        text_free(&text);
    }
    differences_free(&differences);
    facts_free(&now);
    database_clean_up(campaign->db, "ROLLBACK TO SAVEPOINT judged; RELEASE SAVEPOINT judged", NULL);
    return verdict;
}

static void tell_left(struct campaign *campaign, const char *what, const struct changes *changes)
{
    for (size_t i = 0; i < changes->left.count; i++) {
        struct text text = {0};
        text_format(&text, "%s %s: %s", changes->left.items[i].kind, changes->left.items[i].ident, changes->left.items[i].reason);
        detail(campaign, what, text.data);
        text_free(&text);
    }
}

/* *out gets the statements of a way that was proven. */
static const char *with_trial(struct campaign *campaign, const struct facts *before, const struct facts *after, struct text *out)
{
    struct changes changes = {0};
    const char *verdict;
    migrate_error *err = NULL;

    changes_find(after, before, &wish, campaign->db, &changes, &err);
    if (err == NULL)
        changes_sql(&changes, campaign->db->engine, out, &err);
    if (!good(campaign, "trial", err))
        return "failed";
    verdict = judge(campaign, out, before, "tried");
    if (!changes.proven) {
        verdict = "left";
        tell_left(campaign, "left", &changes);
        if (changes.left.count == 0)
            verdict = "WRONG: left out nothing, and is not proven";
    } else if (strcmp(verdict, "exact") != 0 && (strcmp(verdict, "order") != 0 || !changes.column_order)) {
        verdict = "WRONG";
    }
    if (strcmp(verdict, "exact") != 0 && strcmp(verdict, "order") != 0)
        text_clear(out);
    changes_free(&changes);
    return verdict;
}

static const char *without_trial(struct campaign *campaign, const struct facts *before, const struct facts *after)
{
    struct changes changes = {0};
    struct text sql = {0};
    const char *verdict;
    migrate_error *err = NULL;

    changes_find(after, before, &wish, NULL, &changes, &err);
    if (err == NULL)
        changes_sql(&changes, campaign->db->engine, &sql, &err);
    if (!good(campaign, "plan", err))
        return "failed";
    if (changes.left.count > 0)
        verdict = "left";
    else
        verdict = judge(campaign, &sql, before, "planned");
    if (strcmp(verdict, "exact") != 0 && strcmp(verdict, "order") != 0)
        tell_left(campaign, "unplanned", &changes);
    if (getenv("INVERSE_SHOW") != NULL && sql.data != NULL)
        detail(campaign, "plan", sql.data);
    text_free(&sql);
    changes_free(&changes);
    return verdict;
}

/* ---- pg_dump ---- */

/* What a shell command prints. */
static char *output_of(const char *command)
{
    struct text out = {0};
    char buffer[4096];
    FILE *pipe = popen(command, "r");
    size_t got;

    while (pipe != NULL && (got = fread(buffer, 1, sizeof buffer, pipe)) > 0)
        text_add_n(&out, buffer, got);
    if (pipe != NULL)
        pclose(pipe);
    return text_take(&out);
}

/* Lines in any order, and storage parameters too, which are printed as they once came. */
#define SORTED                                                                                                       \
    "grep -v -e restrict -e '^--' | sed 's/,$//' | "                                                                 \
    "perl -pe 's{WITH \\(([^()]*)\\)}{q(WITH ) . join(q(, ), sort split(q(, ), $1))}ge' | LC_ALL=C sort"

static char *dump_of(const char *url)
{
    struct text command = {0};
    char *dump;

    text_format(&command, "pg_dump -s '%s'", url);
    dump = output_of(command.data);
    text_free(&command);
    return dump;
}

static char *sorted(const struct campaign *campaign, const char *dump)
{
    struct text command = {0};
    char *lines;
    FILE *file = fopen(campaign->file, "w");

    if (file == NULL || fputs(dump != NULL ? dump : "", file) == EOF || fclose(file) != 0)
        abort();
    text_format(&command, "<'%s' " SORTED, campaign->file);
    lines = output_of(command.data);
    text_free(&command);
    return lines;
}

/* What the database that a dump makes dumps: PostgreSQL prints some expressions another way once it has read its own words (a AND b AND c,
 * where (a AND b) AND c was written), so that two equal views may differ in a first dump. */
static char *sorted_again(const struct campaign *campaign, const char *dump, struct database *admin, const char *url)
{
    struct text text = {0};
    char *lines, *second;

    text_format(&text, "CREATE DATABASE %s_again", campaign->copy);
    database_exec_text(admin, &text, NULL, NULL);
    memory_free(sorted(campaign, dump));
    text_clear(&text);
    text_format(&text, "psql -qX '%s_again' <'%s' >/dev/null 2>&1; pg_dump -s '%s_again'", url, campaign->file, url);
    second = output_of(text.data);
    lines = sorted(campaign, second);
    memory_free(second);
    text_clear(&text);
    text_format(&text, "DROP DATABASE IF EXISTS %s_again", campaign->copy);
    database_exec_text(admin, &text, NULL, NULL);
    text_free(&text);
    return lines;
}

static void tell_first_difference(struct campaign *campaign, const char *a, const char *b)
{
    struct text text = {0};

    while (*a != '\0' && *b != '\0') {
        size_t m = strcspn(a, "\n"), n = strcspn(b, "\n");
        if (m != n || memcmp(a, b, n) != 0)
            break;
        a += m + (a[m] != '\0');
        b += n + (b[n] != '\0');
    }
    text_format(&text, "%.*s <> %.*s", (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
    detail(campaign, "pg_dump", text.data);
    text_free(&text);
}

static void replace_name(struct text *out, const char *url, const char *name)
{
    text_add_n(out, url, (size_t)(strrchr(url, '/') - url + 1));
    text_add(out, name);
}

static bool same_dumps(struct campaign *campaign, const char *dump, struct database *admin, const char *url)
{
    char *one = sorted(campaign, dump), *other = sorted(campaign, campaign->dump);
    bool equal = text_equal(one, other);

    if (!equal) {
        memory_free(one);
        memory_free(other);
        one = sorted_again(campaign, dump, admin, url);
        other = sorted_again(campaign, campaign->dump, admin, url);
        equal = text_equal(one, other);
    }
    if (!equal)
        tell_first_difference(campaign, one, other);
    memory_free(one);
    memory_free(other);
    return equal;
}

/* Behind COMMIT, in a copy. */
static bool dumps_equal(struct campaign *campaign, const struct text *sql)
{
    struct text admin_url = {0}, copy_url = {0}, text = {0};
    struct database *admin, *copy;
    migrate_error *err = NULL;
    char *dump = NULL;
    bool equal = false;

    database_close(campaign->db);
    replace_name(&admin_url, campaign->url, "postgres");
    replace_name(&copy_url, campaign->url, campaign->copy);
    admin = open_url(campaign, admin_url.data);
    text_format(&text, "CREATE DATABASE %s TEMPLATE %s", campaign->copy, strrchr(campaign->url, '/') + 1);
    database_exec_text(admin, &text, NULL, &err);
    if (err == NULL) {
        copy = open_url(campaign, copy_url.data);
        database_exec_text(copy, sql, NULL, &err);
        database_close(copy);
    }
    if (good(campaign, "in a copy", err)) {
        equal = same_dumps(campaign, dump = dump_of(copy_url.data), admin, copy_url.data);
    }
    text_clear(&text);
    text_format(&text, "DROP DATABASE IF EXISTS %s", campaign->copy);
    database_exec_text(admin, &text, NULL, NULL);
    database_close(admin);
    campaign->db = open_url(campaign, campaign->url);
    memory_free(dump);
    text_free(&text);
    text_free(&admin_url);
    text_free(&copy_url);
    return equal;
}

/* ---- the folder ---- */

static bool is_same(const struct facts *before, const struct facts *after)
{
    struct differences differences = {0};
    bool same;

    facts_compare(before, after, &differences, NULL);
    same = differences.count == 0 && !differences.column_order;
    differences_free(&differences);
    return same;
}

static void take_back(struct campaign *campaign, const struct facts *before, const char *name)
{
    const char *tried = "same", *planned = "same";
    struct facts after = {0};
    struct text sql = {0};
    migrate_error *err = NULL;

    facts_read(campaign->db, &wish.facts, &after, &err);
    if (!good(campaign, "facts", err)) {
        tried = "failed";
    } else if (!is_same(before, &after)) {
        tried = with_trial(campaign, before, &after, &sql);
        planned = without_trial(campaign, before, &after);
    }
    err = NULL;
    database_exec(campaign->db, "RESET ALL; COMMIT", &err);
    if (!good(campaign, "does not run", err))
        tried = planned = "-";
    if (sql.length > 0 && campaign->copy != NULL && !dumps_equal(campaign, &sql))
        tried = "WRONG";
    printf("%s\t%s\t%s%s\n", name, tried, planned, campaign->details.data != NULL ? campaign->details.data : "");
    text_free(&sql);
    facts_free(&after);
}

static void go_through(struct campaign *campaign, const char *folder, const char *name)
{
    struct facts before = {0};
    struct text path = {0}, sql = {0};
    migrate_error *err = NULL;

    text_clear(&campaign->details);
    text_format(&path, "%s/%s", folder, name);
    FILE *file = fopen(path.data, "rb");
    char buffer[4096];
    size_t got;
    while (file != NULL && (got = fread(buffer, 1, sizeof buffer, file)) > 0)
        text_add_n(&sql, buffer, got);
    if (file != NULL)
        fclose(file);
    text_add(&sql, "");
    database_exec(campaign->db, "RESET ALL", NULL);
    facts_read(campaign->db, &wish.facts, &before, &err);
    if (campaign->copy != NULL) {
        memory_free(campaign->dump);
        campaign->dump = dump_of(campaign->url);
    }
    if (good(campaign, "facts", err) && apply(campaign, sql.data != NULL ? sql.data : "", sql.length))
        take_back(campaign, &before, name);
    else
        printf("%s\t-\t-%s\n", name, campaign->details.data);
    fflush(stdout);
    facts_free(&before);
    text_free(&path);
    text_free(&sql);
}

static int is_up(const struct dirent *entry)
{
    return text_ends(entry->d_name, ".sql") && !text_ends(entry->d_name, ".down.sql");
}

int main(int count, char **arguments)
{
    struct campaign campaign = {0};
    struct dirent **files = NULL;
    int found;

    if (count < 3) {
        fprintf(stderr, "usage: inverse URL FOLDER [COPY]\n");
        return 64;
    }
    campaign.url = arguments[1];
    campaign.copy = count > 3 ? arguments[3] : NULL;
    snprintf(campaign.file, sizeof campaign.file, "/tmp/inverse-%ld.sql", (long)getpid());
    campaign.db = open_url(&campaign, campaign.url);
    found = scandir(arguments[2], &files, is_up, alphasort);
    for (int i = 0; i < found; i++) {
        go_through(&campaign, arguments[2], files[i]->d_name);
        free(files[i]);
    }
    free(files);
    unlink(campaign.file);
    database_close(campaign.db);
    memory_free(campaign.dump);
    text_free(&campaign.details);
    return 0;
}
