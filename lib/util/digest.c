/* SPDX-License-Identifier: MIT
 * SHA-256 by libmd. Its context lives inside ours, so that no header of libmd spreads. For long texts by
 * libcrypto, where there is one: it is not needed, so it is neither linked nor a header of it used. */
#include "util/digest.h"

#include <dlfcn.h>
#include <sha2.h>
#include <string.h>

_Static_assert(sizeof(SHA2_CTX) <= sizeof(((struct digest *)0)->state), "libmd's context fits");
_Static_assert(_Alignof(SHA2_CTX) <= _Alignof(struct digest), "libmd's context is aligned");

static SHA2_CTX *context(struct digest *digest)
{
    return (void *)&digest->state;
}

void digest_init(struct digest *digest)
{
    digest->update = NULL;
    SHA256Init(context(digest));
}

/* Its context (SHA256_CTX) has 112 bytes, and has had since long before version 1.1. */
void digest_init_long(struct digest *digest)
{
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1"};
    void *library = NULL;
    int (*init)(void *state) = NULL;

    digest_init(digest);
    for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL)
        return;
    void *functions[] = {dlsym(library, "SHA256_Init"), dlsym(library, "SHA256_Update"),
                         dlsym(library, "SHA256_Final")};
    dlclose(library); /* it stays where it is: RTLD_NODELETE */
    if (functions[0] == NULL || functions[1] == NULL || functions[2] == NULL)
        return;
    memcpy(&init, &functions[0], sizeof init);
    if (init(&digest->state) != 1) {
        digest_init(digest);
        return;
    }
    memcpy(&digest->update, &functions[1], sizeof digest->update);
    memcpy(&digest->final, &functions[2], sizeof digest->final);
}

void digest_add(struct digest *digest, const void *data, size_t length)
{
    if (length > 0 && digest->update)
        digest->update(&digest->state, data, length);
    else if (length > 0)
        SHA256Update(context(digest), data, length);
}

void digest_end(struct digest *digest, unsigned char out[DIGEST_SIZE])
{
    if (digest->update)
        digest->final(out, &digest->state);
    else
        SHA256Final(out, context(digest));
}

void digest_end_hex(struct digest *digest, char out[DIGEST_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[DIGEST_SIZE];

    digest_end(digest, bytes);
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[DIGEST_HEX - 1] = '\0';
}

void digest_hex_of(const void *data, size_t length, char out[DIGEST_HEX])
{
    struct digest digest;

    digest_init(&digest);
    digest_add(&digest, data, length);
    digest_end_hex(&digest, out);
}
