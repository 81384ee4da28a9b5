/* SPDX-License-Identifier: MIT */
#include "core/shells.h"

#include "util/text.h"

#include <string.h>

struct commands {
    const char *names; /* a blank before and behind each */
    const char *hint;
};

#define HARMLESS "it changes nothing in the database: leave it out"
#define ONE_CONNECTION "a migration runs on one connection: give this part to another database's migrations"
#define INCLUDE "put the included text into the migration"
#define PROGRAMS "migrations run no programs: do it around the run"
#define VALUES "variables of the shell have no meaning here: write the values"

static const struct commands psql[] = {
    {" c connect ", ONE_CONNECTION},
    {" copy ", "\\copy reads a file beside psql; write COPY ... FROM stdin with the data in the migration"},
    {" i ir include include_relative ", INCLUDE},
    {" ; ", "it only joins statements into one message: write a plain semicolon"},
    {" . ", "it ends the data of COPY, and no COPY ... FROM stdin stands before it"},
    {" g gx gexec gset gdesc crosstabview watch bind bind_named parse close_prepared sendpipeline startpipeline endpipeline "
     "syncpipeline flush flushrequest getresults ",
     "write a DO block, or plain statements"},
    {" set unset prompt getenv setenv ", "variables of psql have no meaning here: write the values"},
    {" if elif else endif ", "write a DO block with IF"},
    {" ! cd w write o out s ", PROGRAMS},
    {" e edit ef ev ", "it opens an editor: write the text into the migration"},
    {" password ", "write ALTER ROLE ... PASSWORD, or better, set it outside of migrations"},
    {" lo_import lo_export lo_unlink ", "write lo_from_bytea(), lo_put() or lo_unlink()"},
    {" q quit r reset ", "it ends or empties psql's own input: remove what is not to be run"},
    {NULL, HARMLESS},
};

/* The shell takes abbreviations: the first name that begins so. */
static const struct commands sqlite[] = {
    {" mode headers echo print show timer width separator nullvalue bail binary changes eqp explain expert stats schema tables "
     "databases indexes indices dump fullschema help prompt progress output once excel log trace scanstats lint iotrace sha3sum "
     "version vfsinfo vfslist vfsname wheretrace selecttrace selftest testcase check ",
     HARMLESS},
    {" import ", "write the rows as INSERT statements (sqlite3's .mode insert or .dump makes them)"},
    {" read ", INCLUDE},
    {" open connection backup save restore clone recover archive session ", ONE_CONNECTION},
    {" parameter ", VALUES},
    {" shell system cd www ", PROGRAMS},
    {" load ", "let the program load the extension before it migrates"},
    {" auth dbconfig dbinfo dbtotxt filectrl limit testctrl imposter nonce crnl ", "let the program set that up before it migrates"},
    {" timeout ", "the option wait_timeout says how long a run waits: leave it out"},
    {" quit exit ", "it ends the shell's own input: remove what is not to be run"},
    {NULL, "leave it out, or write SQL"},
};

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static const char *hint_of(const struct commands *commands, const char *name, size_t length, bool short_too)
{
    char sought[32] = " ";
    if (length + 3 < sizeof sought) {
        memcpy(sought + 1, name, length);
        if (!short_too)
            sought[1 + length] = ' ';
        for (; commands->names; commands++) {
            if (strstr(commands->names, sought))
                break;
        }
    } else {
        while (commands->names)
            commands++;
    }
    return commands->hint;
}

bool shell_command(const char *text, size_t length, struct shell_command *out)
{
    bool points = length > 0 && text[0] == '.';
    size_t end = 1;
    if (length < 2 || (points && !letter(text[1])))
        return false;
    while (end < length && (letter(text[end]) || (text[end] >= '0' && text[end] <= '9')))
        end++;
    if (end == 1 && !strchr(" \t\r\n", text[1]))
        end = 2; /* \! \; \? \. */
    *out = (struct shell_command){.shell = points ? "the sqlite3 shell" : "psql", .length = end};
    out->hint = hint_of(points ? sqlite : psql, text + 1, end - 1, points);
    /* pg_dump's guard against other commands in the data says nothing to us */
    out->means_nothing = !points && ((end == 9 && memcmp(text, "\\restrict", end) == 0) ||
                                     (end == 11 && memcmp(text, "\\unrestrict", end) == 0));
    return true;
}
