/* SPDX-License-Identifier: MIT
 * `migratectl completion SHELL`: the shell's own script, with the commands and flags of this build in it. */
#include "migratectl.h"

#include <string.h>

static void print_commands(FILE *out)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "%s%s", i ? " " : "", help_command_name((enum command)i));
}

static void print_flags(const struct cli *cli)
{
    for (int i = 0; i < FLAG_COUNT; i++)
        fprintf(cli->out, "%s--%s", i ? " " : "", flags_name((enum flag)i));
    for (size_t i = 0; i < migrate_rows_count(cli->option_list); i++)
        fprintf(cli->out, " --%s", flags_of_option(rows_cell(cli->option_list, i, "key")));
}

/* "a|b|c" as words */
static char *words_of(const char *values)
{
    char *words = cli_copy(values);
    for (char *at = words; *at; at++)
        if (*at == '|')
            *at = ' ';
    return words;
}

/* One case of bash's `case "$previous"` for each flag whose values are known. */
static void print_bash_values(const struct cli *cli)
{
    const char *line = "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n";
    fprintf(cli->out, line, "format", "text json ndjson sql github dot mermaid");
    fprintf(cli->out, line, "color", "auto always never");
    for (size_t i = 0; i < migrate_rows_count(cli->option_list); i++) {
        const char *values = rows_cell(cli->option_list, i, "values");
        if (values && values[0])
            fprintf(cli->out, line, flags_of_option(rows_cell(cli->option_list, i, "key")), words_of(values));
    }
}

static int bash(const struct cli *cli)
{
    FILE *out = cli->out;
    fputs("_migratectl() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} i\n"
          "    local commands='",
          out);
    print_commands(out);
    fputs("'\n"
          "    COMPREPLY=()\n"
          "    case \"$previous\" in\n",
          out);
    print_bash_values(cli);
    fputs("    -d|--dir|embed) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
          "    -o|--output|-c|--config|--env-file|--url-file)\n"
          "        COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
          "    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$word\")); return ;;\n"
          "    esac\n"
          "    if [[ $word == -* ]]; then\n"
          "        COMPREPLY=($(compgen -W '",
          out);
    print_flags(cli);
    fputs("' -- \"$word\"))\n"
          "        return\n"
          "    fi\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case \" $commands \" in *\" ${COMP_WORDS[i]} \"*) [[ ${COMP_WORDS[i]} == help ]] || "
          "return ;; esac\n"
          "    done\n"
          "    COMPREPLY=($(compgen -W \"$commands\" -- \"$word\"))\n"
          "}\n"
          "complete -F _migratectl migratectl\n",
          out);
    return EXIT_DONE;
}

/* A text inside single quotes, as zsh and fish both read it; `special` characters get a backslash. */
static void print_quoted(FILE *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr(special, *text))
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
    }
}

static void zsh_flag(FILE *out, const char *name, const char *help, const char *values)
{
    fprintf(out, "    '--%s%s[", name, values ? "=" : "");
    print_quoted(out, help, "[]:\\");
    fprintf(out, "]%s%s'\n", values ? ":value:" : "", values ? values : "");
}

/* What zsh offers behind a flag; NULL where the flag takes no value. */
static const char *zsh_values(const char *name, const char *value, const char *words)
{
    if (words && words[0])
        return cli_format("(%s)", words_of(words));
    if (strcmp(name, "dir") == 0)
        return "_files -/";
    if (value && strcmp(value, "FILE") == 0)
        return "_files";
    return value && strchr(value, '|') ? cli_format("(%s)", words_of(value)) : value ? " " : NULL;
}

static int zsh(const struct cli *cli)
{
    FILE *out = cli->out;
    fputs("#compdef migratectl\n_migratectl() {\n  local -a commands flags\n  commands=(\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "    '%s:", help_command_name((enum command)i));
        print_quoted(out, help_command_summary((enum command)i), ":\\");
        fputs("'\n", out);
    }
    fputs("  )\n  flags=(\n", out);
    for (int i = 0; i < FLAG_COUNT; i++) {
        const char *name = flags_name((enum flag)i);
        zsh_flag(out, name, flags_help((enum flag)i), zsh_values(name, flags_value_name((enum flag)i), NULL));
    }
    for (size_t i = 0; i < migrate_rows_count(cli->option_list); i++) {
        const char *name = flags_of_option(rows_cell(cli->option_list, i, "key"));
        const char *help = rows_cell(cli->option_list, i, "help");
        const char *type = rows_cell(cli->option_list, i, "type");
        bool truth = type && strcmp(type, "truth") == 0;
        zsh_flag(out, name, help ? help : "",
                 truth ? NULL : zsh_values(name, "value", rows_cell(cli->option_list, i, "values")));
    }
    fputs("  )\n"
          "  _arguments -s $flags '1:command:->command' '*:argument:_files'\n"
          "  [[ $state == command ]] && _describe command commands\n"
          "}\n"
          "if [[ $funcstack[1] == _migratectl ]]; then _migratectl \"$@\"; else compdef _migratectl "
          "migratectl; fi\n",
          out);
    return EXIT_DONE;
}

static void fish_flag(FILE *out, const char *name, char letter, const char *help, const char *value)
{
    fputs("complete -c migratectl", out);
    if (letter)
        fprintf(out, " -s %c", letter);
    fprintf(out, " -l %s", name);
    if (value && (strcmp(value, "FILE") == 0 || strcmp(name, "dir") == 0))
        fputs(" -rF", out);
    else if (value && strchr(value, '|'))
        fprintf(out, " -xa '%s'", words_of(value));
    else if (value)
        fputs(" -x", out);
    fputs(" -d '", out);
    for (const char *at = help; *at; at++)
        fprintf(out, *at == '\'' || *at == '\\' ? "\\%c" : "%c", *at);
    fputs("'\n", out);
}

static int fish(const struct cli *cli)
{
    FILE *out = cli->out;
    fputs("complete -c migratectl -f\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "complete -c migratectl -n __fish_use_subcommand -a %s -d '%s'\n",
                help_command_name((enum command)i), help_command_summary((enum command)i));
    fputs("complete -c migratectl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"
          "complete -c migratectl -n '__fish_seen_subcommand_from embed' -a '(__fish_complete_directories)'\n"
          "complete -c migratectl -n '__fish_seen_subcommand_from help' -a 'options exit-codes ",
          out);
    print_commands(out);
    fputs("'\n", out);
    for (int i = 0; i < FLAG_COUNT; i++)
        fish_flag(out, flags_name((enum flag)i), flags_letter((enum flag)i), flags_help((enum flag)i),
                  flags_value_name((enum flag)i));
    for (size_t i = 0; i < migrate_rows_count(cli->option_list); i++) {
        const char *key = rows_cell(cli->option_list, i, "key");
        const char *type = rows_cell(cli->option_list, i, "type");
        const char *values = rows_cell(cli->option_list, i, "values");
        const char *help = rows_cell(cli->option_list, i, "help");
        bool truth = type && strcmp(type, "truth") == 0;
        char letter = strcmp(key, "url") == 0 ? 'u' : strcmp(key, "dir") == 0 ? 'd' : '\0';
        fish_flag(out, flags_of_option(key), letter, help ? help : "",
                  truth                 ? NULL
                  : values && values[0] ? values
                                        : "value");
    }
    return EXIT_DONE;
}

int command_completion(struct cli *cli)
{
    const char *shell = cli->arguments.words[0];
    if (strcmp(shell, "bash") == 0)
        return bash(cli);
    if (strcmp(shell, "zsh") == 0)
        return zsh(cli);
    if (strcmp(shell, "fish") == 0)
        return fish(cli);
    return output_usage(cli, "no completion for %s; there is one for bash, zsh and fish", shell);
}
