/* SPDX-License-Identifier: MIT
 * Backups of PostgreSQL by the programs that come with it: pg_dump in its custom format; pg_restore and psql to bring it back, all in one
 * transaction. The password reaches them by their environment. */
#include "backup_program.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* pg_dump waits so long for a table that somebody has locked. */
#define LOCK_WAIT "--lock-wait-timeout=60000"

/* What is there goes, in the transaction that brings back what was: pg_restore --clean drops no more than what it knows itself, and what came
 * later would stay and be in the way. What belongs to an extension stays, and so does the extension. */
static const char emptying[] =
    "BEGIN;\n"
    "SET LOCAL client_min_messages = warning;\n"
    "DO $libmigrate$\n"
    "DECLARE item record;\n"
    "BEGIN\n"
    "  FOR item IN\n"
    "    WITH own AS (SELECT oid, nspname FROM pg_catalog.pg_namespace n WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'\n"
    "      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_namespace'::regclass AND objid = n.oid AND deptype = 'e')),\n"
    "    things AS (\n"
    "      SELECT 'pg_catalog.pg_class'::regclass AS class, c.oid, CASE relkind WHEN 'm' THEN 1 WHEN 'v' THEN 1 WHEN 'S' THEN 3 ELSE 2 END AS rank,\n"
    "        format('DROP %s IF EXISTS %I.%I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'\n"
    "          WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, nspname, relname) AS sql\n"
    "        FROM pg_catalog.pg_class c JOIN own ON own.oid = relnamespace WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')\n"
    "      UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, p.oid, 4, format('DROP %s IF EXISTS %I.%I(%s) CASCADE',\n"
    "          CASE prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, nspname, proname,\n"
    "          CASE WHEN prokind = 'a' AND pg_get_function_identity_arguments(p.oid) = '' THEN '*' ELSE pg_get_function_identity_arguments(p.oid) END)\n"
    "        FROM pg_catalog.pg_proc p JOIN own ON own.oid = pronamespace\n"
    "      UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid, 5, format('DROP TYPE IF EXISTS %I.%I CASCADE', nspname, typname)\n"
    "        FROM pg_catalog.pg_type t JOIN own ON own.oid = typnamespace WHERE typtype IN ('e', 'd', 'r')\n"
    "          OR (typtype = 'b' AND typelem = 0)\n"
    "      UNION ALL SELECT 'pg_catalog.pg_collation'::regclass, l.oid, 6, format('DROP COLLATION IF EXISTS %I.%I CASCADE', nspname, collname)\n"
    "        FROM pg_catalog.pg_collation l JOIN own ON own.oid = collnamespace\n"
    "      UNION ALL SELECT 'pg_catalog.pg_ts_config'::regclass, f.oid, 6, format('DROP TEXT SEARCH CONFIGURATION IF EXISTS %I.%I CASCADE', nspname, cfgname)\n"
    "        FROM pg_catalog.pg_ts_config f JOIN own ON own.oid = cfgnamespace\n"
    "      UNION ALL SELECT 'pg_catalog.pg_ts_dict'::regclass, d.oid, 7, format('DROP TEXT SEARCH DICTIONARY IF EXISTS %I.%I CASCADE', nspname, dictname)\n"
    "        FROM pg_catalog.pg_ts_dict d JOIN own ON own.oid = dictnamespace\n"
    "      UNION ALL SELECT 'pg_catalog.pg_operator'::regclass, o.oid, 6, format('DROP OPERATOR IF EXISTS %s CASCADE', o.oid::regoperator)\n"
    "        FROM pg_catalog.pg_operator o JOIN own ON own.oid = oprnamespace\n"
    "      UNION ALL SELECT 'pg_catalog.pg_publication'::regclass, b.oid, 6, format('DROP PUBLICATION IF EXISTS %I', pubname) FROM pg_catalog.pg_publication b\n"
    "      UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, oid, 8, format('DROP SCHEMA IF EXISTS %I', nspname) FROM own WHERE nspname <> 'public')\n"
    "    SELECT rank, sql FROM things t WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = t.class AND d.objid = t.oid\n"
    "      AND d.deptype IN ('e', 'i')) ORDER BY rank, oid\n"
    "  LOOP\n"
    "    IF item.rank = 8 THEN\n"
    "      BEGIN EXECUTE item.sql; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END;\n"
    "    ELSE\n"
    "      EXECUTE item.sql;\n"
    "    END IF;\n"
    "  END LOOP;\n"
    "  IF EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata) THEN\n"
    "    PERFORM pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata;\n"
    "  END IF;\n"
    "END $libmigrate$;\n";

/* ---- which programs ---- */

static int major_of(const char *version)
{
    return version ? atoi(version) : 0;
}

/* What "pg_dump (PostgreSQL) 15.4 (Debian 15.4-1)" says; 0: it is not there. */
static int major_of_program(const char *program)
{
    struct process process;
    const char *const arguments[] = {program, "--version", NULL};
    if (!process_start(&process, arguments, NULL))
        return 0;
    process_close_in(&process);
    if (process_wait(&process, NULL) != 0)
        return 0;
    const char *behind = strstr(process.printed, "PostgreSQL) ");
    return behind ? major_of(behind + strlen("PostgreSQL) ")) : 0;
}

/* pg_dump reads servers of its own version and older ones. The folder MIGRATECTL_PG_BIN, if that is set; else the path
 * comes first, then where the system keeps several versions. *out: the folder
 * of the programs with a slash, or "". */
static int32_t find_programs(migrate_backup_job *job, const char **out)
{
    int server = major_of(migrate_backup_job_server(job));
    const char *given = getenv("MIGRATECTL_PG_BIN"), *folder = cli_format("/usr/lib/postgresql/%d/bin/", server);
    *out = given && *given ? cli_format("%s/", given) : "";
    int there = major_of_program(cli_format("%spg_dump", *out));
    if (there > 0 && there >= server)
        return 0;
    if (server > 0 && !**out && major_of_program(cli_format("%spg_dump", folder)) >= server) {
        *out = folder;
        return 0;
    }
    const char *hint = cli_format("install PostgreSQL's client programs of version %d or newer (postgresql-client-%d on Debian and Ubuntu, postgresql%d "
                                  "on Red Hat), or make a backup by other means and say --backup off", server, server, server);
    if (there == 0)
        return migrate_backup_job_fail(job, "a backup needs pg_dump, which is not installed", hint);
    return migrate_backup_job_fail(job, cli_format("pg_dump is of version %d, and the server of version %d: it must not be older", there, server), hint);
}

/* ---- running them ---- */

struct work {
    migrate_backup_job *job;
    const char *folder;      /* of the programs */
    const char *database;    /* without a password */
    const char *variables[2];
};

static const char *program_of(const struct work *work, const char *name)
{
    return cli_format("%s%s", work->folder, name);
}

static int32_t failed(const struct work *work, const char *program, const struct process *process, int code)
{
    size_t length = strlen(process->said);
    while (length > 0 && strchr("\r\n ", process->said[length - 1]))
        length--;
    const char *said = table_clean_lines(cli_copy_n(process->said, length));
    if (code == PROCESS_ABSENT && !*said)
        return migrate_backup_job_fail(work->job, cli_format("%s is not installed", program), "install PostgreSQL's client programs");
    return migrate_backup_job_fail(work->job, cli_format("%s failed (exit code %d)%s%s", program, code, *said ? ": " : "", said),
                                   "what it says tells what to do; nothing was changed");
}

static int32_t run(const struct work *work, const char *name, const char *const *arguments)
{
    struct process process;
    if (!process_start(&process, arguments, work->variables))
        return migrate_backup_job_fail(work->job, cli_format("%s cannot be started", name), "the system has no room for another process");
    process_close_in(&process);
    int code = process_wait(&process, work->job);
    if (code == 0)
        return 0;
    return code == PROCESS_CANCELLED ? -1 : failed(work, name, &process, code);
}

static int32_t back_up(const struct work *work)
{
    size_t count = 0, n = 0;
    while (migrate_backup_job_table(work->job, count))
        count++;
    const char **arguments = cli_alloc((count + 8) * sizeof *arguments);
    arguments[n++] = program_of(work, "pg_dump");
    arguments[n++] = "--format=custom";
    arguments[n++] = "--no-password";
    arguments[n++] = LOCK_WAIT;
    arguments[n++] = cli_format("--file=%s", migrate_backup_job_file(work->job));
    for (size_t i = 0; i < count; i++)
        arguments[n++] = cli_format("--table=%s", migrate_backup_job_table(work->job, i));
    arguments[n++] = cli_format("--dbname=%s", work->database);
    return run(work, "pg_dump", arguments);
}

/* Its list of contents stands at the front: what is cut off shows only where all of it is read. */
static int32_t verify(const struct work *work)
{
    const char *file = migrate_backup_job_file(work->job), *program = program_of(work, "pg_restore");
    const char *const list[] = {program, "--list", file, NULL}, *const whole[] = {program, "--file=/dev/null", file, NULL};
    int32_t result = run(work, "pg_restore", list);
    return result == 0 ? run(work, "pg_restore", whole) : result;
}

/* psql stops at the first error, and without the COMMIT at the end nothing has happened. */
static int32_t end_restore(const struct work *work, struct process *reader, struct process *writer, bool relayed)
{
    int code = relayed ? process_wait(reader, work->job) : -1;
    if (relayed && code == 0)
        relayed = process_write(writer, "\nCOMMIT;\n", work->job);
    if (migrate_backup_job_cancelled(work->job) || code == PROCESS_CANCELLED) {
        if (migrate_backup_job_cancelled(work->job)) {
            process_kill(reader);
            process_kill(writer);
            return -1;
        }
    }
    if (relayed && code != 0) { /* before psql comes to the end of its input */
        process_kill(writer);
        return failed(work, "pg_restore", reader, code);
    }
    process_close_in(writer);
    int ended = process_wait(writer, work->job);
    process_kill(reader);
    if (ended == PROCESS_CANCELLED)
        return -1;
    return ended == 0 && relayed ? 0 : failed(work, "psql", writer, ended);
}

/* Extensions stay where they are, and what is said of them only their owner may say. Writes the list of what is to be brought back. */
static int32_t write_list(const struct work *work, const char *list)
{
    const char *const arguments[] = {program_of(work, "pg_restore"), "--list", cli_format("--file=%s", list), migrate_backup_job_file(work->job), NULL};
    int32_t result = run(work, "pg_restore", arguments);
    char *text = result == 0 ? cli_read_file(list, NULL) : NULL;
    FILE *out = text ? fopen(list, "w") : NULL;
    if (result == 0 && !out)
        return migrate_backup_job_fail(work->job, "the list of the backup's contents cannot be written", "make room in the folder for temporary files");
    for (char *line = text, *end; out && *line; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        char *only = cli_copy_n(line, (size_t)(end - line));
        if (!strstr(only, " COMMENT - EXTENSION "))
            fputs(only, out);
    }
    if (out && fclose(out) != 0)
        return migrate_backup_job_fail(work->job, "the list of the backup's contents cannot be written", "make room in the folder for temporary files");
    return result;
}

static int32_t restore_list(const struct work *work, const char *list)
{
    struct process reader, writer;
    const char *const read[] = {program_of(work, "pg_restore"), "--file=-", cli_format("--use-list=%s", list), migrate_backup_job_file(work->job), NULL};
    const char *const write[] = {program_of(work, "psql"), "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1",
                                 cli_format("--dbname=%s", work->database), NULL};
    if (!process_start(&writer, write, work->variables))
        return migrate_backup_job_fail(work->job, "psql cannot be started", "the system has no room for another process");
    if (!process_start(&reader, read, NULL)) {
        process_kill(&writer);
        return migrate_backup_job_fail(work->job, "pg_restore cannot be started", "the system has no room for another process");
    }
    process_close_in(&reader);
    bool relayed = process_write(&writer, emptying, work->job) && process_relay(&reader, &writer, work->job);
    return end_restore(work, &reader, &writer, relayed);
}

static int32_t restore(const struct work *work)
{
    const char *folder = getenv("TMPDIR");
    char *list = cli_format("%s/migratectl-XXXXXX", folder && *folder ? folder : "/tmp");
    int file = mkstemp(list);
    if (file < 0)
        return migrate_backup_job_fail(work->job, cli_format("%s cannot be made", list), "name a folder for temporary files: TMPDIR");
    close(file);
    int32_t result = write_list(work, list);
    if (result == 0)
        result = restore_list(work, list);
    unlink(list);
    return result;
}

int32_t backup_program(migrate_backup_job *job, void *user)
{
    const char *verb = migrate_backup_job_verb(job), *url = migrate_backup_job_url(job), *bad = NULL;
    struct work work = {.job = job};
    (void)user;
    if (!url)
        return migrate_backup_job_fail(job, "the database has no URL that a program could be given", NULL);
    work.database = conninfo_without_password(url, &work.variables[0], &bad);
    if (bad)
        return migrate_backup_job_fail(job, cli_format("%s cannot be handed to pg_dump without showing it to others", bad),
                                       "use a key without a passphrase, or name the settings in a service file (service=NAME)");
    int32_t result = find_programs(job, &work.folder);
    if (result != 0)
        return result;
    if (strcmp(verb, "backup") == 0)
        return back_up(&work);
    if (strcmp(verb, "verify") == 0)
        return verify(&work);
    if (strcmp(verb, "restore") == 0)
        return restore(&work);
    return migrate_backup_job_fail(job, cli_format("this migratectl cannot %s", verb), "use the one that belongs to the library");
}
