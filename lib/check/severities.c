/* SPDX-License-Identifier: MIT
 * What becomes of findings in the end: those that a file says to ignore go, the others get the severity that the options ask for. */
#include "check/findings.h"

#include "util/array.h"
#include "util/memory.h"

#include <string.h>

static const char *const severities[] = {"error", "warning", "info", "off"};

/* ---- the option ---- */

struct setting {
    const struct rule *rule;
    const char *severity;
};

struct settings {
    struct setting *items;
    size_t count, capacity;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int32_t refuse_rule(const char *word, migrate_error **err)
{
    const char *near = rule_nearest(word);
    int32_t code = error_set(err, MIGRATE_ERROR_OPTION, "option rules: there is no rule \"%s\"", word);

    if (near != NULL)
        error_hint(err, "is %s meant?", near);
    else
        error_hint(err, "migrate_check_rules() lists them all, by id and name");
    return code;
}

/* One "RULE=severity", without blanks around it. */
static int32_t read_setting(char *word, struct settings *out, migrate_error **err)
{
    char *equals = strchr(word, '=');
    struct setting setting = {0};

    if (equals == NULL) {
        error_set(err, MIGRATE_ERROR_OPTION, "option rules: no severity stands behind \"%s\"", word);
        error_hint(err, "write RULE=error, warning, info or off, with commas between");
        return MIGRATE_ERROR_OPTION;
    }
    *equals = '\0';
    setting.rule = rule_find(word);
    if (setting.rule == NULL)
        return refuse_rule(word, err);
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++) {
        if (text_equal_nocase(equals + 1, severities[i]))
            setting.severity = severities[i];
    }
    if (setting.severity == NULL) {
        error_set(err, MIGRATE_ERROR_OPTION, "option rules: \"%s\" is no severity", equals + 1);
        error_hint(err, "one of error, warning, info, off");
        return MIGRATE_ERROR_OPTION;
    }
    if (!array_reserve(out))
        return error_nomem(err);
    out->items[out->count++] = setting;
    return MIGRATE_OK;
}

static int32_t read_settings(const char *option, struct settings *out, migrate_error **err)
{
    struct text word = {0};
    int32_t code = MIGRATE_OK;

    for (const char *at = option; code == MIGRATE_OK && at != NULL && *at != '\0';) {
        text_clear(&word);
        for (; *at != '\0' && *at != ','; at++) {
            if (!is_blank(*at))
                text_add_char(&word, *at);
        }
        at += *at == ',';
        if (word.failed)
            code = error_nomem(err);
        else if (word.length > 0)
            code = read_setting(word.data, out, err);
    }
    text_free(&word);
    return code;
}

int32_t severities_check(const char *option, migrate_error **err)
{
    struct settings settings = {0};
    int32_t code = read_settings(option, &settings, err);

    memory_free(settings.items);
    return code;
}

/* The last one that speaks of the rule holds. Else a guess is no error: it may be wrong. */
static const char *severity_of(const struct settings *settings, const struct finding *finding)
{
    const struct rule *rule = rule_find(finding->rule);

    for (size_t i = settings->count; i > 0; i--) {
        if (settings->items[i - 1].rule == rule)
            return settings->items[i - 1].severity;
    }
    if (rule != NULL && text_equal(rule->severity, "off"))
        return "off";
    return finding->guess && text_equal(finding->severity, "error") ? "warning" : finding->severity;
}

/* ---- ignores ---- */

static bool before(int64_t line, int64_t column, int64_t other_line, int64_t other_column)
{
    return line != other_line ? line < other_line : column < other_column;
}

static bool hides(const struct finding_ignore *ignore, const struct rule *rule, const struct finding *finding)
{
    if (ignore->reason[0] == '\0' || rule == NULL || rule != rule_find(finding->rule) || !text_equal(ignore->file, finding->file))
        return false;
    if (ignore->whole)
        return true;
    return finding->line > 0 && ignore->end_line > 0 && !before(finding->line, finding->column, ignore->line, ignore->column) &&
           !before(ignore->end_line, ignore->end_column, finding->line, finding->column);
}

static void take_ignored(struct findings *findings, struct finding_ignore *ignores, size_t count, size_t *ignored)
{
    size_t kept = 0;

    for (size_t i = 0; i < findings->count; i++) {
        bool hidden = false;

        for (size_t k = 0; k < count; k++) {
            if (!hides(&ignores[k], rule_find(ignores[k].rule), &findings->items[i]))
                continue;
            ignores[k].used = true;
            hidden = true;
        }
        if (!hidden)
            findings->items[kept++] = findings->items[i];
    }
    *ignored = findings->count - kept;
    findings->count = kept;
}

/* Whether what it names was looked for at all. */
static bool looked_for(const struct finding_ignore *ignore, const struct rule *rule)
{
    static const char *const by_history[] = {"late", "modified", "missing", "ahead", "renamed"};

    for (size_t i = 0; i < sizeof by_history / sizeof *by_history; i++) {
        if (strcmp(rule->name, by_history[i]) == 0)
            return ignore->history;
    }
    return strncmp(rule->id, "SR", 2) == 0 && strcmp(rule->name, "does-not-run") != 0 && strcmp(rule->name, "not-tried") != 0
               ? true
               : ignore->tried;
}

static int32_t tell_ignore(struct findings *findings, const struct finding_ignore *ignore, migrate_error **err)
{
    const struct rule *rule = rule_find(ignore->rule);
    struct finding finding = {.rule = "ignore", .file = ignore->file, .line = ignore->line, .column = ignore->column,
                              .hint = "write -- migrate: ignore RULE REASON"};
    const char *near;

    if (ignore->rule[0] == '\0')
        return findings_tell(findings, &finding, err, "this line says neither which rule is to be ignored nor why");
    if (rule == NULL) {
        near = rule_nearest(ignore->rule);
        if (near != NULL)
            return findings_tell(findings, &finding, err, "there is no rule \"%s\" to be ignored; is %s meant?", ignore->rule, near);
        return findings_tell(findings, &finding, err, "there is no rule \"%s\" to be ignored", ignore->rule);
    }
    if (ignore->reason[0] == '\0') {
        finding.hint = "write the reason behind the rule, for those who read it later";
        return findings_tell(findings, &finding, err, "no reason is given why %s (%s) is to be ignored, so it is not", rule->id, rule->name);
    }
    if (ignore->used || !looked_for(ignore, rule))
        return MIGRATE_OK;
    finding.rule = "unused-ignore";
    finding.hint = "remove the line, or move it right in front of the statement that it is meant for";
    return findings_tell(findings, &finding, err, "nothing of %s (%s) was found %s", rule->id, rule->name,
                         ignore->whole ? "in this file" : "in the statement behind this line");
}

int32_t findings_settle(struct findings *findings, struct finding_ignore *ignores, size_t count, const char *option, size_t *ignored,
                        migrate_error **err)
{
    struct settings settings = {0};
    size_t kept = 0;
    int32_t code = read_settings(option, &settings, err);

    if (code == MIGRATE_OK)
        take_ignored(findings, ignores, count, ignored);
    for (size_t i = 0; code == MIGRATE_OK && i < count; i++)
        code = tell_ignore(findings, &ignores[i], err);
    for (size_t i = 0; code == MIGRATE_OK && i < findings->count; i++) {
        struct finding *finding = &findings->items[i];

        finding->severity = severity_of(&settings, finding);
        if (!text_equal(finding->severity, "off"))
            findings->items[kept++] = *finding;
    }
    if (code == MIGRATE_OK)
        findings->count = kept;
    findings_sort(findings);
    memory_free(settings.items);
    return code;
}
