/* SPDX-License-Identifier: MIT
 * Random schemas, and what may happen to them. */
#include "random.h"

#include "util/memory.h"

#include <stdio.h>
#include <string.h>

unsigned random_below(uint64_t *state, unsigned limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return limit == 0 ? 0 : (unsigned)((*state >> 11) % limit);
}

bool random_chance(uint64_t *state, unsigned percent)
{
    return random_below(state, 100) < percent;
}

/* Some need quotes. */
static void new_name(struct random_schema *schema, const char *stem, uint64_t *state, char *out)
{
    static const char *const between[] = {"", "", "", "", "", " ", ".", "\"", "-", "'", "\xc3\xa4", "order"};

    snprintf(out, RANDOM_NAME, "%s%s%u", random_chance(state, 5) ? "Order" : stem,
             between[random_below(state, sizeof between / sizeof *between)], schema->next++);
}

const struct random_table *random_table_named(const struct random_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->tables[i].name, name) == 0)
            return &schema->tables[i];
    }
    return NULL;
}

static struct random_table *any_table(struct random_schema *schema, uint64_t *state)
{
    return schema->count == 0 ? NULL : &schema->tables[random_below(state, (unsigned)schema->count)];
}

static bool is_referred(const struct random_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++) {
        for (size_t c = 0; c < schema->tables[i].count; c++) {
            if (strcmp(schema->tables[i].columns[c].parent, name) == 0)
                return true;
        }
    }
    return false;
}

/* ---- columns ---- */

static void decide_rest(struct random_column *column, uint64_t *state)
{
    column->spelling = (int)random_below(state, 3);
    column->generated = column->type != RANDOM_BYTES && random_chance(state, 12) ? 1 + (int)random_below(state, 2) : 0;
    if (column->generated != 0)
        return;
    column->given = (int)random_below(state, 3);
    column->unique = column->type != RANDOM_BYTES && random_chance(state, 15);
    if (column->unique)
        column->given = 0;
    column->not_null = column->given != 0 && random_chance(state, 40);
    column->checked = column->type != RANDOM_BYTES && random_chance(state, 20);
    column->folded = column->type == RANDOM_TEXT && random_chance(state, 20);
}

static void add_column(struct random_schema *schema, struct random_table *table, uint64_t *state)
{
    struct random_column column = {.type = (enum random_type)random_below(state, 4)};
    const struct random_table *parent = any_table(schema, state);
    size_t at = table->count;

    if (table->count == RANDOM_COLUMNS)
        return;
    new_name(schema, "c", state, column.name);
    if (parent != NULL && parent->key == RANDOM_ID_KEY && random_chance(state, 25)) {
        column.type = RANDOM_WHOLE;
        strcpy(column.parent, parent->name);
        column.action = (int)random_below(state, 4);
        column.deferred = random_chance(state, 30);
    } else {
        decide_rest(&column, state);
    }
    if (table->count > 2 && random_chance(state, 20)) { /* not at the end */
        at = 2 + random_below(state, (unsigned)table->count - 2);
        memmove(&table->columns[at + 1], &table->columns[at], (table->count - at) * sizeof column);
        for (size_t i = 0; i < table->index_count; i++) {
            table->indexes[i].first += table->indexes[i].first >= at;
            table->indexes[i].second += table->indexes[i].second != SIZE_MAX && table->indexes[i].second >= at;
        }
    }
    column.born = ++schema->born;
    table->columns[at] = column;
    table->count++;
}

static void drop_index(struct random_table *table, size_t at)
{
    memmove(&table->indexes[at], &table->indexes[at + 1], (table->index_count - at - 1) * sizeof table->indexes[0]);
    table->index_count--;
}

static void drop_column(struct random_table *table, size_t at)
{
    for (size_t i = table->index_count; i > 0; i--) {
        struct random_index *index = &table->indexes[i - 1];
        if (index->first == at || index->second == at) {
            drop_index(table, i - 1);
            continue;
        }
        index->first -= index->first > at;
        index->second -= index->second != SIZE_MAX && index->second > at;
    }
    memmove(&table->columns[at], &table->columns[at + 1], (table->count - at - 1) * sizeof table->columns[0]);
    table->count--;
}

/* One that may be changed; NULL: there is none. */
static struct random_column *any_column(struct random_table *table, uint64_t *state)
{
    return table->count <= 2 ? NULL : &table->columns[2 + random_below(state, (unsigned)table->count - 2)];
}

static void change_column(struct random_column *column, uint64_t *state)
{
    bool parent = *column->parent != '\0';

    switch (random_below(state, 8)) {
    case 0:
        if (!parent && column->type != RANDOM_BYTES) {
            column->type = (enum random_type)random_below(state, 3);
            column->folded = false;
        }
        break;
    case 1:
        column->spelling = (int)random_below(state, 3);
        break;
    case 2: /* what was null has no value to be given */
        if (column->not_null)
            column->not_null = false;
        break;
    case 3:
        if (!parent && !column->not_null && !column->unique && column->generated == 0)
            column->given = (int)random_below(state, 3);
        break;
    case 4:
        if (!parent && column->generated == 0 && column->type != RANDOM_BYTES && column->given == 0)
            column->unique = !column->unique;
        break;
    case 5:
        if (column->type != RANDOM_BYTES && column->generated == 0)
            column->checked = !column->checked;
        break;
    case 6:
        if (column->type == RANDOM_TEXT)
            column->folded = !column->folded;
        break;
    default:
        if (parent)
            column->action = (int)random_below(state, 4);
        else if (column->generated != 0)
            column->generated = 3 - column->generated;
    }
}

/* ---- tables ---- */

static void add_index(struct random_schema *schema, struct random_table *table, uint64_t *state)
{
    struct random_index index = {.second = SIZE_MAX, .partial = random_chance(state, 25), .descending = random_chance(state, 25),
                                 .expression = random_chance(state, 20)};

    if (table->index_count == RANDOM_INDEXES)
        return;
    new_name(schema, "i", state, index.name);
    index.first = random_below(state, (unsigned)table->count);
    if (random_chance(state, 40))
        index.second = random_below(state, (unsigned)table->count);
    if (index.second == index.first)
        index.second = SIZE_MAX;
    index.unique = (index.first == 0 || index.second == 0) && random_chance(state, 50); /* the id is */
    table->indexes[table->index_count++] = index;
}

static void add_table(struct random_schema *schema, uint64_t *state)
{
    struct random_table table = {.key = (enum random_key)random_below(state, 3)};

    if (schema->count == RANDOM_TABLES)
        return;
    new_name(schema, "t", state, table.name);
    if (*schema->freed != '\0' && random_chance(state, 50)) { /* the name that another one had */
        for (size_t i = 0; i < schema->count; i++) {
            if (strcmp(schema->tables[i].name, schema->freed_by) == 0) {
                schema->tables[i].locked = true;
                strcpy(table.name, schema->freed);
            }
        }
        *schema->freed = '\0';
    }
    if (random_chance(state, 50))
        table.key = RANDOM_ID_KEY;
    table.counted = table.key == RANDOM_ID_KEY && random_chance(state, 40);
    table.flavour = random_below(state, 16);
    table.born = ++schema->born;
    table.columns[0] = (struct random_column){.type = RANDOM_WHOLE, .not_null = true, .given = 1};
    table.columns[1] = (struct random_column){.type = RANDOM_TEXT, .not_null = true, .given = 1};
    table.columns[0].born = ++schema->born;
    table.columns[1].born = ++schema->born;
    new_name(schema, "id", state, table.columns[0].name);
    new_name(schema, "n", state, table.columns[1].name);
    table.count = 2;
    table.checked = random_chance(state, 25);
    table.named_check = random_chance(state, 50);
    table.unique = random_chance(state, 25);
    table.trigger = random_chance(state, 25) ? 1 + (int)random_below(state, 3) : 0;
    for (unsigned i = random_below(state, 5); i > 0; i--)
        add_column(schema, &table, state);
    for (unsigned i = random_below(state, 3); i > 0; i--)
        add_index(schema, &table, state);
    schema->tables[schema->count++] = table;
}

/* What refers to it goes too, and what looks at it. */
static void drop_table(struct random_schema *schema, size_t at)
{
    char name[RANDOM_NAME];

    strcpy(name, schema->tables[at].name);
    for (size_t i = 0; i < schema->count; i++) {
        for (size_t c = schema->tables[i].count; c > 0; c--) {
            if (strcmp(schema->tables[i].columns[c - 1].parent, name) == 0)
                drop_column(&schema->tables[i], c - 1);
        }
    }
    for (size_t i = schema->view_count; i > 0; i--) {
        if (strcmp(schema->views[i - 1].table, name) == 0)
            schema->views[i - 1] = schema->views[--schema->view_count];
    }
    memmove(&schema->tables[at], &schema->tables[at + 1], (schema->count - at - 1) * sizeof schema->tables[0]);
    schema->count--;
}

static bool may_drop(const struct random_schema *schema, const struct random_table *table)
{
    if (table->locked)
        return false;
    for (size_t i = 0; i < schema->count; i++) { /* columns that would go with it */
        for (size_t c = 0; c < schema->tables[i].count; c++) {
            if (schema->tables[i].columns[c].locked && strcmp(schema->tables[i].columns[c].parent, table->name) == 0)
                return false;
        }
    }
    return true;
}

static void change_table(struct random_schema *schema, struct random_table *table, uint64_t *state)
{
    switch (random_below(state, 6)) {
    case 0:
        if (!is_referred(schema, table->name)) {
            table->key = (enum random_key)random_below(state, 3);
            table->counted &= table->key == RANDOM_ID_KEY;
        }
        break;
    case 1:
        table->counted = table->key == RANDOM_ID_KEY && !table->counted;
        break;
    case 2:
        table->flavour ^= 1U << random_below(state, 4);
        break;
    case 3:
        table->checked = !table->checked;
        break;
    case 4:
        table->unique = !table->unique;
        break;
    default:
        table->trigger = random_chance(state, 30) ? 0 : 1 + (int)random_below(state, 3);
    }
}

static void add_view(struct random_schema *schema, uint64_t *state)
{
    struct random_view view = {.all = random_chance(state, 40), .text = (int)random_below(state, 3), .columns = 1 + random_below(state, 4)};
    const struct random_table *table = any_table(schema, state);

    if (table == NULL || schema->view_count == RANDOM_VIEWS)
        return;
    new_name(schema, "v", state, view.name);
    strcpy(view.table, table->name);
    schema->views[schema->view_count++] = view;
}

void random_schema_make(struct random_schema *schema, uint64_t *state)
{
    *schema = (struct random_schema){.next = 1};
    for (unsigned i = 1 + random_below(state, 5); i > 0; i--)
        add_table(schema, state);
    for (unsigned i = random_below(state, 3); i > 0; i--)
        add_view(schema, state);
}

/* ---- renames ---- */

static void note_rename(struct random_renames *renames, const char *from, const char *to)
{
    char *a = renames->names[2 * renames->count], *b = renames->names[2 * renames->count + 1];

    snprintf(a, sizeof renames->names[0], "%s", from);
    snprintf(b, sizeof renames->names[0], "%s", to);
    renames->items[renames->count++] = (struct fact_renamed){a, b};
}

static void note_column(struct random_renames *renames, const char *table, const char *from, const char *to,
                        void (*quoted)(struct text *out, const char *name))
{
    struct text a = {0}, b = {0};

    quoted(&a, table);
    text_add_char(&a, '.');
    text_add(&b, a.data);
    quoted(&a, from);
    quoted(&b, to);
    note_rename(renames, a.data, b.data);
    text_free(&a);
    text_free(&b);
}

static void rename_table(struct random_schema *schema, struct random_table *table, uint64_t *state, struct random_renames *renames,
                         void (*quoted)(struct text *out, const char *name))
{
    char old[RANDOM_NAME];
    struct text a = {0}, b = {0};

    strcpy(old, table->name);
    new_name(schema, "t", state, table->name);
    for (size_t i = 0; i < schema->count; i++) {
        for (size_t c = 0; c < schema->tables[i].count; c++) {
            if (strcmp(schema->tables[i].columns[c].parent, old) == 0)
                strcpy(schema->tables[i].columns[c].parent, table->name);
        }
    }
    for (size_t i = 0; i < schema->view_count; i++) {
        if (strcmp(schema->views[i].table, old) == 0)
            strcpy(schema->views[i].table, table->name);
    }
    strcpy(schema->freed, old);
    strcpy(schema->freed_by, table->name);
    quoted(&a, old);
    quoted(&b, table->name);
    note_rename(renames, a.data, b.data);
    text_free(&a);
    text_free(&b);
}

static void rename_column(struct random_schema *schema, struct random_table *table, uint64_t *state, struct random_renames *renames,
                          void (*quoted)(struct text *out, const char *name))
{
    struct random_column *column = &table->columns[random_below(state, (unsigned)table->count)];
    char old[RANDOM_NAME];

    strcpy(old, column->name);
    new_name(schema, "c", state, column->name);
    note_column(renames, table->name, old, column->name, quoted);
    if (random_chance(state, 25) && table->count < RANDOM_COLUMNS) { /* and another takes the name */
        column->locked = true;
        add_column(schema, table, state);
        for (size_t i = 0; i < table->count; i++) {
            unsigned number = 0;
            if (sscanf(table->columns[i].name, "%*[^0-9]%u", &number) == 1 && number + 1 == schema->next && &table->columns[i] != column)
                strcpy(table->columns[i].name, old);
        }
        return;
    }
}

/* Two columns change names with each other, by a third one. */
static void swap_columns(struct random_table *table, uint64_t *state, struct random_renames *renames,
                         void (*quoted)(struct text *out, const char *name))
{
    struct random_column *a = any_column(table, state), *b = any_column(table, state);
    char name[RANDOM_NAME];

    if (a == NULL || a == b)
        return;
    note_column(renames, table->name, a->name, "between", quoted);
    note_column(renames, table->name, b->name, a->name, quoted);
    note_column(renames, table->name, "between", b->name, quoted);
    strcpy(name, a->name);
    strcpy(a->name, b->name);
    strcpy(b->name, name);
    a->locked = b->locked = true;
}

static void rename_one(struct random_schema *schema, struct random_table *table, uint64_t *state, struct random_renames *renames,
                       void (*quoted)(struct text *out, const char *name))
{
    if (renames->count + 4 > RANDOM_RENAMES)
        return;
    if (random_chance(state, 40))
        rename_table(schema, table, state, renames, quoted);
    else if (random_chance(state, 75))
        rename_column(schema, table, state, renames, quoted);
    else
        swap_columns(table, state, renames, quoted);
}

void random_renames_turn(const struct random_renames *renames, struct random_renames *out)
{
    out->count = 0;
    for (size_t i = renames->count; i > 0; i--)
        note_rename(out, renames->items[i - 1].to, renames->items[i - 1].from);
}

/* ---- changes ---- */

static void change_one(struct random_schema *schema, uint64_t *state, struct random_renames *renames,
                       void (*quoted)(struct text *out, const char *name))
{
    struct random_table *table = any_table(schema, state);
    struct random_column *column = table != NULL ? any_column(table, state) : NULL;
    unsigned what = random_below(state, 100);

    if (table == NULL || what < 8)
        add_table(schema, state);
    else if (what < 13 && may_drop(schema, table))
        drop_table(schema, (size_t)(table - schema->tables));
    else if (what < 30)
        add_column(schema, table, state);
    else if (what < 40 && column != NULL && !column->locked)
        drop_column(table, (size_t)(column - table->columns));
    else if (what < 58 && column != NULL)
        change_column(column, state);
    else if (what < 70)
        change_table(schema, table, state);
    else if (what < 76)
        add_index(schema, table, state);
    else if (what < 80 && table->index_count > 0)
        drop_index(table, random_below(state, (unsigned)table->index_count));
    else if (what < 84)
        add_view(schema, state);
    else if (what < 86 && schema->view_count > 0)
        schema->views[0] = schema->views[--schema->view_count];
    else if (what < 88 && schema->view_count > 0)
        schema->views[0].text = (int)random_below(state, 3);
    else
        rename_one(schema, table, state, renames, quoted);
}

void random_schema_change(struct random_schema *schema, size_t changes, uint64_t *state, struct random_renames *renames,
                          void (*quoted)(struct text *out, const char *name))
{
    renames->count = 0;
    for (size_t i = 0; i < changes; i++)
        change_one(schema, state, renames, quoted);
}
