/* SPDX-License-Identifier: MIT
 * SHA-256, from libmd (or a small own copy in a self-contained build). */
#ifndef UTIL_DIGEST_H
#define UTIL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_HEX 65 /* with the NUL */

struct digest {
    union {
        uint64_t align;
        unsigned char space[256];
    } state;
    int (*update)(void *state, const void *data, size_t length); /* NULL: libmd's */
    int (*final)(unsigned char *out, void *state);
};

void digest_init(struct digest *digest);
/* For many megabytes: libcrypto's, if the system has it. It uses the processor's instructions for SHA-256,
 * which makes it seven times as fast. */
void digest_init_long(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t length);
void digest_end(struct digest *digest, unsigned char out[DIGEST_SIZE]);
void digest_end_hex(struct digest *digest, char out[DIGEST_HEX]);
void digest_hex_of(const void *data, size_t length, char out[DIGEST_HEX]);

#endif
