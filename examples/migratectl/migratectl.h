/* SPDX-License-Identifier: MIT
 * The rooms of migratectl, the command line of libmigrate. It stands on the public header alone: what it can
 * do, any program can. Memory lives until the program ends; running out of it ends the program. */
#ifndef MIGRATECTL_H
#define MIGRATECTL_H

#include <migrate.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit codes are an interface, like the header: never renumbered. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,        /* a migration failed and was rolled back */
    EXIT_PENDING = 2,       /* check, or --exit-code */
    EXIT_FINDINGS = 3,      /* the source is not valid, or differs from the history */
    EXIT_LOCKED = 4,        /* lock not obtained in time */
    EXIT_UNREACHABLE = 5,   /* no database, or a deadline has passed */
    EXIT_PARTIAL = 6,       /* non-transactional work is half-done */
    EXIT_REFUSED = 7,       /* refused by a guard */
    EXIT_AHEAD = 8,         /* the database is ahead of this source */
    EXIT_USAGE = 64,        /* sysexits: the command line is wrong */
    EXIT_SOFTWARE = 70,     /* sysexits: out of memory, a defect */
    EXIT_IO = 74,           /* sysexits: a file cannot be read or written */
    EXIT_CONFIGURATION = 78 /* sysexits: an option or the set-up is wrong */
};

enum command {
    COMMAND_UP,
    COMMAND_DOWN,
    COMMAND_GOTO,
    COMMAND_REDO,
    COMMAND_PLAN,
    COMMAND_STATUS,
    COMMAND_HISTORY,
    COMMAND_CHECK,
    COMMAND_SNAPSHOT,
    COMMAND_DIFF,
    COMMAND_VERIFY,
    COMMAND_GENERATE,
    COMMAND_RECONCILE,
    COMMAND_GRAPH,
    COMMAND_HEADS,
    COMMAND_BACKUP,
    COMMAND_RESTORE,
    COMMAND_PROTECT,
    COMMAND_RESET,
    COMMAND_MARK,
    COMMAND_BASELINE,
    COMMAND_NEW,
    COMMAND_EMBED,
    COMMAND_COMPLETION,
    COMMAND_HELP,
    COMMAND_COUNT
};

/* Flags of migratectl itself; those of the library's options come on top, from migrate_options_list(). */
enum flag {
    FLAG_TO,
    FLAG_ONLY,
    FLAG_ALL,
    FLAG_DRY_RUN,
    FLAG_EXIT_CODE,
    FLAG_YES,
    FLAG_TO_URL,
    FLAG_DOWN,
    FLAG_APPLY,
    FLAG_DRIFT,
    FLAG_DATABASE,
    FLAG_ANSWER,
    FLAG_FILES,
    FLAG_ENGINE,
    FLAG_AGAINST,
    FLAG_FAIL_ON,
    FLAG_TABLES,
    FLAG_AT,
    FLAG_LATEST,
    FLAG_LIST,
    FLAG_OFF,
    FLAG_APPLIED,
    FLAG_FORGOTTEN,
    FLAG_ACCEPT_CHECKSUM,
    FLAG_RENAMED,
    FLAG_FROM_TABLE,
    FLAG_COLUMN,
    FLAG_LIMIT,
    FLAG_FAILED,
    FLAG_SEQUENTIAL,
    FLAG_PAIR,
    FLAG_NAME,
    FLAG_URL_FILE,
    FLAG_URL_ENV,
    FLAG_CONFIG,
    FLAG_ENV_FILE,
    FLAG_NO_ENV_FILE,
    FLAG_FORMAT,
    FLAG_JSON,
    FLAG_OUTPUT,
    FLAG_QUIET,
    FLAG_VERBOSE,
    FLAG_COLOR,
    FLAG_NO_COLOR,
    FLAG_NO_INPUT,
    FLAG_HELP,
    FLAG_VERSION,
    FLAG_COUNT
};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_NDJSON, FORMAT_SQL, FORMAT_GITHUB, FORMAT_DOT, FORMAT_MERMAID };

enum color { COLOR_NONE, COLOR_GREEN, COLOR_YELLOW, COLOR_RED, COLOR_DIM };

struct option_value {
    const char *key;
    const char *value;
};

/* What the user asked for, as parsed. */
struct arguments {
    bool has_command;
    enum command command;
    const char *alias;  /* the word used, if it was another tool's */
    const char **words; /* behind the command */
    size_t word_count;
    const char *flags[FLAG_COUNT]; /* NULL: not given; "on" for a flag without value */
    struct option_value *options;
    size_t option_count;
};

/* What the events told so far (events.c). */
struct progress {
    int64_t started_us, printed_us; /* monotonic */
    int64_t applied, rolled_back;   /* committed steps */
    bool line_open;                 /* a progress line stands on the terminal */
    bool stop_told;
};

struct cli {
    struct arguments arguments;
    enum format format;
    FILE *out; /* results; talk goes to stderr */
    bool quiet, verbose, interactive;
    bool color_out, color_err;
    bool talk_on_terminal;
    migrate_rows *option_list;
    migrate_options *options;
    migrate_token *token;
    migrate_session *session;
    struct progress progress;
};

/* ---- text.c: memory and words ---- */
void *cli_alloc(size_t size); /* zeroed */
char *cli_copy(const char *text);
char *cli_copy_n(const char *text, size_t length);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_free_all(void);
/* The nearest of the names within reach of a typing error, kept over several calls: start with *best NULL. */
struct nearest {
    const char *word, *best;
    size_t distance;
};
void cli_nearest(struct nearest *nearest, const char *candidate);
bool cli_all_digits(const char *text);
/* The whole file, NUL-terminated (length in *out_length, which may be NULL); "-" is stdin. NULL: errno. */
char *cli_read_file(const char *path, size_t *out_length);
/* The code point at text and its length in bytes; 0: not UTF-8 (the end is a point of one byte). */
size_t cli_utf8(const char *text, uint32_t *out_point);
void cli_json_string(FILE *out, const char *text); /* quotes included; NULL: null */

/* ---- flags.c: the command line ---- */
/* 0, or the exit code of an error that has been reported. */
int flags_parse(struct cli *cli, int argc, char **argv);
bool flags_want_json(int argc, char **argv); /* known before parsing, so that its errors come as JSON too */
const char *flags_name(enum flag flag);
char flags_letter(enum flag flag);
const char *flags_value_name(enum flag flag); /* NULL: takes none */
const char *flags_words(enum flag flag); /* what may stand behind =: "a|b|c"; NULL: nothing */
const char *flags_help(enum flag flag);
bool flags_fits(enum flag flag, enum command command);
bool flags_global(enum flag flag);
char *flags_of_option(const char *key); /* wait_timeout -> wait-timeout */
/* Passwords in the arguments: hidden from ps. Returns whether there were any. */
bool flags_hide_passwords(int argc, char **argv);

/* ---- settings.c: where options come from ---- */
int settings_load(struct cli *cli);

/* ---- help.c, completion.c ---- */
const char *help_command_name(enum command command);
const char *help_command_summary(enum command command);
bool help_find_command(const char *word, enum command *out);
const char *help_nearest_command(const char *word);
int help_overview(FILE *out);
int help_command(const struct cli *cli, enum command command);
int command_help(struct cli *cli);
int command_completion(struct cli *cli);

/* ---- output.c: errors and documents ---- */
int output_open(struct cli *cli);
int output_close(struct cli *cli, int exit_code);
int output_usage(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
int output_fail(const struct cli *cli, int exit_code, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int output_error(struct cli *cli, migrate_error *error); /* reports and frees it; the exit code */
int output_error_with(struct cli *cli, migrate_error *error, const char *more); /* and these members beside it, as JSON; NULL: none */
int output_exit_code(int32_t code);
void output_next(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *output_paint(bool on, enum color color); /* "" when off; COLOR_NONE ends a colour */
bool output_is_json(const struct cli *cli);
/* One document: the members of the rows' JSON and `extra` (members as JSON text, or NULL). */
int output_document(struct cli *cli, const migrate_rows *rows, const char *extra);
char *output_rows_json(const migrate_rows *rows);                           /* the object as it is */
char *output_rows_filter(const char *json, const bool *keep, size_t count); /* some of its rows */
char *output_rows_array(const char *json);                                  /* the rows alone: [...] */
int output_json_line(struct cli *cli, const char *members);

/* ---- table.c: what people read ---- */
struct table;
struct table *table_new(const char *const *headers, size_t columns);
/* Cell after cell; NULL: empty. The text has to live until the table is printed. */
void table_put(struct table *table, const char *text, enum color color);
void table_print(const struct table *table, FILE *out, bool color);
const char *table_clean(const char *text);         /* control characters never reach the terminal */
const char *table_clean_lines(const char *text);   /* the same, but lines stay lines */
char *table_cut(const char *text, size_t columns); /* clean, and no wider than that */
char *table_instant(int64_t us);                   /* 2026-08-01 12:03:04Z */
char *table_duration(int64_t us);                  /* 41 ms, 2.3 s, 4 min 5 s */
const char *rows_cell(const migrate_rows *rows, size_t row, const char *column); /* NULL: null or absent */
int64_t rows_number(const migrate_rows *rows, size_t row, const char *column);

/* ---- events.c, signals.c ---- */
int32_t events_receive(const migrate_event *event, void *cli);
void events_end_line(struct cli *cli);
void signals_install(migrate_token *token);
void signals_restore(void); /* before the token goes */
int signals_received(void); /* 0, SIGINT or SIGTERM: the first one */

/* ---- diff.c ---- */
/* Was the schema changed by hand? Lists what; as JSON it goes to *out_json. */
int diff_check(struct cli *cli, const char **out_json);
/* ---- findings.c, against.c ---- */
/* Shows them: the exit code. As JSON they go to *out_json, which may be NULL. */
int findings_show(struct cli *cli, const migrate_rows *rows, const char **out_json);
int findings_check(struct cli *cli, const char *depth, const char **out_json); /* of migrate_check() on the session */
int findings_open_files(struct cli *cli);                                      /* a session on the files alone */
int against_check(struct cli *cli, const char **out_json);                     /* --against */
/* ---- new.c: names, numbers and files, for generate, too ---- */
char *new_name(const struct arguments *arguments); /* "" if there are no letters or digits */
const char *new_folder(const struct cli *cli);
int new_make_folder(const struct cli *cli);
int new_stem(const struct cli *cli, const char *name, const char **out); /* with the next number */
int new_write(const struct cli *cli, const char *path, const char *text); /* a file that is not there yet */

/* ---- generate.c ---- */
/* The option declared names the file; of stdin the text goes to *out_sql, else NULL does. */
int generate_declare(struct cli *cli, const char *file, const char **out_sql);
/* Is there anything for a migration to do between the schema as it is and the one of --to? Lists it; as JSON it goes to *out_json. */
int generate_check(struct cli *cli, const char **out_json);

/* ---- run.c, rehearse.c, state.c, check.c, graph.c, guard.c, diff.c, verify.c, generate.c, reconcile.c, new.c, embed.c: the verbs; each returns the exit code ---- */
int run_open(struct cli *cli);
int run_report(struct cli *cli, int32_t code, const migrate_rows *report);
int rehearse_plan(struct cli *cli, const migrate_plan *plan); /* rehearse.c: --dry-run=execute */
int command_up(struct cli *cli);
int command_down(struct cli *cli);
int command_goto(struct cli *cli);
int command_redo(struct cli *cli);
int command_plan(struct cli *cli);
int command_status(struct cli *cli);
int command_history(struct cli *cli);
int command_check(struct cli *cli);
int command_snapshot(struct cli *cli);
int command_diff(struct cli *cli);
int command_verify(struct cli *cli);
int command_generate(struct cli *cli);
int command_reconcile(struct cli *cli);
int command_graph(struct cli *cli);
int command_heads(struct cli *cli);
int command_backup(struct cli *cli);
int command_restore(struct cli *cli);
int command_protect(struct cli *cli);
int command_reset(struct cli *cli);
int command_mark(struct cli *cli);
int command_baseline(struct cli *cli);
int command_new(struct cli *cli);
int command_embed(struct cli *cli);

#endif
