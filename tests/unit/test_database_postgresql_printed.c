/* SPDX-License-Identifier: MIT
 * The form of what facts say that stays when it is run and printed once more. */
#include "database/postgresql/postgresql.h"
#include "unit.h"

#include <string.h>

static void expect(const char *value, const char *wanted)
{
    struct text out = {0};
    bool other = postgresql_fact_settled("constraint", value, &out);

    ck_assert_msg(other == (strcmp(value, wanted) != 0), "%s", value);
    if (other)
        ck_assert_str_eq(out.data, wanted);
    text_free(&out);
}

START_TEST(chains)
{
    expect("CHECK ((((a >= 1) AND (a <= 2)) AND (b <> 'x'::text)))", "CHECK (((a >= 1) AND (a <= 2) AND (b <> 'x'::text)))");
    expect("CHECK (((a AND b) OR c))", "CHECK (((a AND b) OR c))");
    expect("CHECK (((a OR b) OR (c OR d)))", "CHECK ((a OR b OR c OR d))");
    expect("CHECK (((a AND b) = (c AND d)))", "CHECK (((a AND b) = (c AND d)))");
    expect("CHECK ((f((a AND b)) AND c))", "CHECK ((f((a AND b)) AND c))");
    expect("CHECK (((a AND (b AND (c AND d))) AND (NOT (e AND f))))", "CHECK ((a AND b AND c AND d AND (NOT (e AND f))))");
    expect("CHECK ((a = '((x AND y) AND z)'::text))", "CHECK ((a = '((x AND y) AND z)'::text))");
    expect("CHECK (((a = E'\\')'::text) AND (\"odd ) AND \" > 1)))", "CHECK (((a = E'\\')'::text) AND (\"odd ) AND \" > 1)))");
}
END_TEST

START_TEST(arrays)
{
    expect("CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, c]'::character varying])::text[])))",
           "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b, c]'::character varying)::text])))");
    expect("CHECK ((n = ANY (ARRAY[1, 2])))", "CHECK ((n = ANY (ARRAY[1, 2])))");
    expect("CHECK ((n = ANY ((ARRAY[1, f(2, 3)])::numeric[])))", "CHECK ((n = ANY (ARRAY[(1)::numeric, (f(2, 3))::numeric])))");
    expect("CHECK ((n = ANY ((ARRAY[ARRAY[1], ARRAY[2]])::numeric[])))", "CHECK ((n = ANY ((ARRAY[ARRAY[1], ARRAY[2]])::numeric[])))");
    expect("CHECK (((ARRAY[a, b])::public.\"T x\"[] <> c))", "CHECK ((ARRAY[(a)::public.\"T x\", (b)::public.\"T x\"] <> c))");
}
END_TEST

/* Text that is cut anywhere is no reason to read beyond its end. */
START_TEST(pieces)
{
    static const char whole[] = "CHECK (((s)::text = ANY ((ARRAY['a'::x, E'\\'b'::\"y\"])::text[])) AND ((a AND b) AND c))";

    for (size_t length = 0; length < sizeof whole; length++) {
        for (size_t from = 0; from <= length; from++) {
            char *piece = strndup(whole + from, length - from);
            struct text out = {0};
            postgresql_fact_settled("view", piece, &out);
            text_free(&out);
            free(piece);
        }
    }
}
END_TEST

UNIT("postgresql/printed", chains, arrays, pieces)
