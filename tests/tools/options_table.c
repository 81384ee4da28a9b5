/* SPDX-License-Identifier: MIT
 * The README's table of options, from the library's own. Prints it; with a README as argument, checks that it stands there. */
#include <migrate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *cell(const migrate_rows *rows, size_t row, const char *name)
{
    return migrate_rows_text(rows, row, migrate_rows_column_index(rows, name));
}

static void print_table(const migrate_rows *rows, FILE *out)
{
    fputs("| option | values | default | what it does |\n| --- | --- | --- | --- |\n", out);
    for (size_t row = 0; row < migrate_rows_count(rows); row++) {
        const char *values = cell(rows, row, "values"), *standard = cell(rows, row, "default");
        fprintf(out, "| `%s` | ", cell(rows, row, "key"));
        if (!values)
            fputs(cell(rows, row, "type"), out);
        for (; values && *values; values++)
            fputs(*values == '|' ? " \\| " : (char[]){*values, '\0'}, out);
        fprintf(out, " | %s%s%s | %s |\n", standard && *standard ? "`" : "", standard ? standard : "",
                standard && *standard ? "`" : "", cell(rows, row, "help"));
    }
}

static char *read_all(FILE *in, size_t *length)
{
    size_t capacity = 1 << 20;
    char *text = malloc(capacity);
    *length = text ? fread(text, 1, capacity - 1, in) : 0;
    if (text)
        text[*length] = '\0';
    return text;
}

static int check(const migrate_rows *rows, const char *path)
{
    FILE *readme = fopen(path, "r"), *made = tmpfile();
    size_t length;
    if (!readme || !made)
        return 2;
    print_table(rows, made);
    rewind(made);
    char *table = read_all(made, &length), *text = read_all(readme, &length);
    int found = table && text && strstr(text, table);
    if (!found)
        fprintf(stderr, "%s: its table of options is not the library's; put the output of this program there\n", path);
    free(table);
    free(text);
    fclose(made);
    fclose(readme);
    return found ? 0 : 1;
}

int main(int count, char **arguments)
{
    migrate_rows *rows = NULL;
    if (migrate_options_list(&rows, NULL) != MIGRATE_OK)
        return 2;
    int result = 0;
    if (count > 1)
        result = check(rows, arguments[1]);
    else
        print_table(rows, stdout);
    migrate_rows_free(rows);
    return result;
}
