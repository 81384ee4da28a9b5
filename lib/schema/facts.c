/* SPDX-License-Identifier: MIT
 * Facts: read through an engine, sorted, digested. */
#include "schema/facts.h"
#include "util/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const struct fact *x = a, *y = b;
    int order = (x->rank > y->rank) - (x->rank < y->rank);

    if (order == 0)
        order = strcmp(x->kind, y->kind);
    if (order == 0)
        order = strcmp(x->ident, y->ident);
    return order != 0 ? order : strcmp(x->value, y->value);
}

static const char *cell(const struct migrate_rows *rows, size_t row, size_t column)
{
    const char *text = rows_text(rows, row, column);

    return text != NULL ? text : "";
}

/* A host's driver does not know it, and what there is to ask for depends on it. */
static int32_t find_version(struct database *db, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = *db->version == '\0' ? db->class->query(db, db->engine->version, &rows, err) : MIGRATE_OK;

    if (rc == MIGRATE_OK && rows != NULL) {
        const char *version = cell(rows, 0, 0);
        size_t length = strcspn(version, " "); /* without the packager's "(Debian ...)" */
        memcpy(db->version, version, length < sizeof db->version ? length : 0);
    }
    rows_free(rows);
    return rc;
}

void facts_sort(struct facts *facts)
{
    if (facts->count > 1)
        qsort(facts->items, facts->count, sizeof *facts->items, compare);
}

int32_t facts_from_rows(const struct database_engine *engine, struct migrate_rows *rows, struct migrate_rows *edges, struct facts *out,
                        migrate_error **err)
{
    struct facts facts = {.engine = engine, .rows = rows, .edges = edges, .count = rows_count(rows)};

    facts.items = memory_new((facts.count + 1) * sizeof *facts.items);
    if (facts.items == NULL) {
        facts_free(&facts);
        return error_nomem(err);
    }
    for (size_t i = 0; i < facts.count; i++) {
        facts.items[i] = (struct fact){.rank = rows_int(facts.rows, i, 0),
                                       .kind = cell(facts.rows, i, 1),
                                       .ident = cell(facts.rows, i, 2),
                                       .value = cell(facts.rows, i, 3),
                                       .make = rows_text(facts.rows, i, 4),
                                       .undo = rows_text(facts.rows, i, 5),
                                       .key = cell(facts.rows, i, 6),
                                       .inside = cell(facts.rows, i, 7),
                                       .name = cell(facts.rows, i, 8),
                                       .alter = rows_text(facts.rows, i, 9)};
        facts.items[i].part = facts.items[i].rank == 43 || facts.items[i].rank == 44;
    }
    facts_sort(&facts);
    *out = facts;
    return MIGRATE_OK;
}

int32_t facts_read(struct database *db, const struct database_facts_wish *wish, struct facts *out,
                   migrate_error **err)
{
    struct migrate_rows *rows = NULL, *edges = NULL;
    int32_t rc = find_version(db, err);

    if (rc == MIGRATE_OK)
        rc = db->engine->facts(db, wish, &rows, wish->no_edges ? NULL : &edges, err);
    return rc == MIGRATE_OK ? facts_from_rows(db->engine, rows, edges, out, err) : rc;
}

void facts_free(struct facts *facts)
{
    memory_free(facts->items);
    rows_free(facts->rows);
    rows_free(facts->edges);
    *facts = (struct facts){0};
}

void facts_fingerprint(const struct facts *facts, char *out)
{
    struct digest digest;

    digest_init(&digest);
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (strcmp(fact->kind, "column position") == 0)
            continue;
        digest_add(&digest, fact->kind, strlen(fact->kind) + 1);
        digest_add(&digest, fact->ident, strlen(fact->ident) + 1);
        digest_add(&digest, fact->value, strlen(fact->value));
        digest_add(&digest, "\n", 1);
    }
    digest_end_hex(&digest, out);
}

void facts_fingerprint_text(const struct facts *facts, const struct database *db, bool owners, char out[FINGERPRINT_TEXT])
{
    char digest[DIGEST_HEX];

    facts_fingerprint(facts, digest);
    snprintf(out, FINGERPRINT_TEXT, "%d:%s%d%s:%s", FACTS_FORMAT, db->engine->name, atoi(db->version), owners ? "+owners" : "", digest);
}

bool fingerprints_comparable(const char *a, const char *b)
{
    const char *end = strrchr(a, ':');

    return end != NULL && strncmp(a, b, (size_t)(end + 1 - a)) == 0 && strchr(b + (end + 1 - a), ':') == NULL;
}
