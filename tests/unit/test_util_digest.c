/* SPDX-License-Identifier: MIT
 * SHA-256 against the published vectors. */
#include "util/digest.h"

#include "unit.h"

#include <string.h>

START_TEST(a_long_text)
{
    struct digest plain, fast;
    char a[DIGEST_HEX], b[DIGEST_HEX], piece[1000];

    memset(piece, 'x', sizeof piece);
    digest_init(&plain);
    digest_init_long(&fast);
    for (int i = 0; i < 5000; i++) {
        digest_add(&plain, piece, sizeof piece - (size_t)(i % 7));
        digest_add(&fast, piece, sizeof piece - (size_t)(i % 7));
    }
    digest_end_hex(&plain, a);
    digest_end_hex(&fast, b);
    ck_assert_str_eq(a, b);
}
END_TEST

START_TEST(known_vectors)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char hex[DIGEST_HEX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        digest_hex_of(cases[i].text, strlen(cases[i].text), hex);
        ck_assert_str_eq(hex, cases[i].hex);
    }
}
END_TEST

START_TEST(pieces_give_the_same)
{
    char text[1000], whole[DIGEST_HEX], pieces[DIGEST_HEX];
    unsigned char bytes[DIGEST_SIZE];
    struct digest digest;

    memset(text, 'a', sizeof text);
    digest_hex_of(text, sizeof text, whole);
    digest_init(&digest);
    for (size_t i = 0; i < 10; i++) {
        digest_add(&digest, text, i * 10);
        digest_add(&digest, text, 100 - i * 10);
        digest_add(&digest, NULL, 0);
    }
    digest_end_hex(&digest, pieces);
    ck_assert_str_eq(whole, pieces);
    digest_init(&digest);
    digest_add(&digest, text, sizeof text);
    digest_end(&digest, bytes);
    ck_assert_uint_eq(bytes[0], strtoul((char[3]){whole[0], whole[1], 0}, NULL, 16));
}
END_TEST

UNIT("util/digest", known_vectors, pieces_give_the_same, a_long_text)
