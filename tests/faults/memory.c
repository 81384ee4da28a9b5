/* SPDX-License-Identifier: MIT
 * Failing allocations: each that the library makes in a run fails in turn, then each that libpq makes. Nobody
 * crashes, the library's own failures are told as what they are, and the next run gets through; then some of those of checks and proofs, in a
 * transaction of the database itself, where nothing may stay. This program's malloc()
 * stands before the C library's for everybody in the process, and looks who calls. */
#include "faults.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define ALL_EFFECTS "001 1 002 1 003 1 004 1"

/* ---- the allocator ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static const char *victim;    /* a part of the library's file name; NULL: nobody's fail */
static long left;             /* until one fails */
static atomic_long *failures; /* shared with the parent */
static struct {
    uintptr_t from, to;
} text; /* the victim's code, once it is loaded */

static int find_victim(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size, (void)user;
    if (!strstr(info->dlpi_name, victim))
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X))
            continue;
        text.from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        text.to = text.from + info->dlpi_phdr[i].p_memsz;
    }
    return 1;
}

static bool fails(const void *caller)
{
    if (!victim || (uintptr_t)caller < text.from || (uintptr_t)caller >= text.to || left-- != 0)
        return false;
    atomic_fetch_add(failures, 1);
    return true;
}

#define SEEN_BY_ALL __attribute__((visibility("default")))

SEEN_BY_ALL void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

SEEN_BY_ALL void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

SEEN_BY_ALL void *realloc(void *block, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}

/* ---- one run ---- */

static void write_migrations(void)
{
    api_file("001_effects.sql",
             "CREATE TABLE effects (id text);\nINSERT INTO effects VALUES ('001');\n-- ROLLBACK: DROP "
             "TABLE effects;\n");
    if (api.engine == API_POSTGRESQL)
        api_file("002_copy.sql", "CREATE TABLE items (id integer);\nCOPY items FROM stdin;\n1\n2\n\\.\n"
                                 "INSERT INTO effects VALUES ('002');\n");
    else
        api_file("002_rows.sql", "CREATE TABLE items (id integer);\nINSERT INTO effects VALUES ('002');\n");
    api_file("003_parts.sql",
             "BEGIN;\nCREATE INDEX items_id ON items (id);\nCOMMIT;\nINSERT INTO effects VALUES ('003');\n");
    api_file("004_end.sql",
             "CREATE VIEW all_items AS SELECT id FROM items;\nINSERT INTO effects VALUES ('004');\n");
}

static const char *next_victim;
static long next_left;

static void begin_on_little(void)
{
    victim = next_victim;
    left = next_left;
    dl_iterate_phdr(find_victim, NULL);
}

static int32_t start_on_little(migrate_error **err)
{
    begin_on_little();
    int32_t code = migrate_startup(api.url, api.options, NULL, err);
    victim = NULL;
    return code;
}

static struct {
    long failed, errors;
} sum;

/* false: there were not so many. Only what the library itself asked for must be told as a lack of memory. */
static bool fail_one(long nth, bool own)
{
    faults_empty();
    faults_forget_errors();
    next_left = nth;
    atomic_store(failures, 0);
    int end = faults_end(faults_start_as(start_on_little));
    bool failed = atomic_load(failures) > 0;
    if (end == FAULTS_FAILED) {
        sum.errors++;
        ck_assert_msg(failed && (!own || strncmp(faults_errors(), "nomem:", 6) == 0),
                      "%s, allocation %ld: %.2000s", next_victim, nth, faults_errors());
    }
    sum.failed += failed;
    faults_forget_errors();
    int again = faults_end(faults_start());
    ck_assert_msg(again == FAULTS_OK, "%s, behind failed allocation %ld: %.2000s", next_victim, nth,
                  faults_errors());
    ck_assert_msg(strcmp(faults_effects(), ALL_EFFECTS) == 0, "%s, behind failed allocation %ld: %s",
                  next_victim, nth, faults_effects());
    return failed;
}

static void fail_each(const char *library, bool own)
{
    long stride = faults_brief() ? 5 : 1, nth = faults_random(stride);
    memset(&sum, 0, sizeof sum);
    next_victim = library;
    failures = mmap(NULL, sizeof *failures, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(failures != MAP_FAILED);
    write_migrations();
    while (fail_one(nth, own))
        nth += stride;
    faults_report("%s, %s: %ld allocations failed, %ld runs with them", API_EITHER("SQLite", "PostgreSQL"),
                  library, sum.failed, sum.errors);
    ck_assert_int_gt(sum.errors, 0);
}

START_TEST(test_own)
{
    fail_each("libmigrate.so", true);
}
END_TEST

START_TEST(test_libpq)
{
    if (api.engine == API_POSTGRESQL)
        fail_each("libpq.so", false);
}
END_TEST

/* ---- where things are only tried ---- */

static atomic_long *asked; /* how many allocations there were */

static int32_t try_on_little(migrate_error **err)
{
    migrate_session *session = NULL;
    migrate_rows *checked = NULL, *verified = NULL;
    int32_t code = migrate_open(api.url, api.options, &session, err);
    if (code != MIGRATE_OK)
        return code;
    begin_on_little();
    code = migrate_check(session, NULL, &checked, err);
    if (code >= 0)
        code = migrate_verify(session, NULL, &verified, err);
    victim = NULL;
    atomic_store(asked, next_left - left);
    migrate_rows_free(checked);
    migrate_rows_free(verified);
    migrate_close(session);
    return code < 0 ? code : MIGRATE_OK;
}

static void become_owner(void)
{
    char sql[2000];
    api_use(api_role());
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" OWNER TO \"%s\"; ALTER SCHEMA public OWNER TO \"%s\"; ALTER ROLE \"%s\" NOCREATEDB",
             api.database, api.database, api.database, api.database);
    api_sql(sql);
}

/* Where one fails while something is told that can do without, the call goes through. */
static void try_one(long nth, const char *whole)
{
    next_left = nth;
    atomic_store(failures, 0);
    int end = faults_end(faults_start_as(try_on_little));
    sum.failed += atomic_load(failures) > 0;
    if (end == FAULTS_FAILED) {
        sum.errors++;
        ck_assert_msg(atomic_load(failures) > 0 && strncmp(faults_errors(), "nomem:", 6) == 0, "allocation %ld: %.2000s", nth, faults_errors());
    }
    ck_assert_msg(end != FAULTS_KILLED, "allocation %ld: it crashed", nth);
    faults_forget_errors();
    faults_check_dump("behind a failed allocation", whole);
    faults_check_unlocked();
}

START_TEST(test_tried)
{
    if (api.engine != API_POSTGRESQL)
        return;
    failures = mmap(NULL, sizeof *failures, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    asked = mmap(NULL, sizeof *asked, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(failures != MAP_FAILED && asked != MAP_FAILED);
    memset(&sum, 0, sizeof sum);
    next_victim = "libmigrate.so";
    become_owner();
    write_migrations();
    faults_start_well();
    api_file("005_more.sql", "ALTER TABLE items ADD COLUMN n integer REFERENCES items (id);\nDROP VIEW all_items;\n");
    char *whole = faults_dump();
    next_left = 1000000000;
    int end = faults_end(faults_start_as(try_on_little));
    ck_assert_msg(end == FAULTS_OK, "%.2000s", faults_errors());
    long count = atomic_load(asked), rounds = faults_rounds(25, 1000);
    ck_assert_int_gt(count, 1000);
    for (long i = 0; i < rounds; i++)
        try_one(faults_random(count), whole);
    faults_report("PostgreSQL, a check and a verify in a transaction: %ld of %ld allocations failed, %ld runs with them", sum.failed, count, sum.errors);
    ck_assert_int_gt(sum.errors, 0);
    free(whole);
}
END_TEST

API("memory", test_own, test_libpq, test_tried)
