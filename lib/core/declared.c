/* SPDX-License-Identifier: MIT
 * The declared schema, made and remembered. Fifty programs that start at once must not make fifty scratch databases each time: what one of
 * them found stands in the history, as the digest of what is declared and the fingerprint of the schema that has it. */
#include "core/declared.h"

#include "core/history.h"
#include "util/file.h"
#include "util/memory.h"

#include <string.h>

int32_t declared_facts(migrate_session *session, const struct facts **out, migrate_error **err)
{
    migrate_session *scratch = NULL;
    int32_t code = MIGRATE_OK;
    if (!session->declared) {
        struct facts *facts = memory_new(sizeof *facts);
        code = facts ? scratch_open(session, &scratch, err) : error_nomem(err);
        if (code == MIGRATE_OK)
            code = scratch_declare(scratch, session, err);
        if (code == MIGRATE_OK)
            code = session_facts(scratch, facts, err);
        scratch_close(scratch);
        if (code == MIGRATE_OK)
            session->declared = facts;
        else
            memory_free(facts);
    }
    *out = session->declared;
    return code;
}

int32_t declared_digest(const migrate_session *session, char out[DIGEST_HEX], migrate_error **err)
{
    const migrate_options *options = session->options;
    const char *file = option_text(options, OPTION_DECLARED), *owners = option_text(options, OPTION_SCHEMA_PRIVILEGES);
    struct digest digest;
    struct text read = {0};
    out[0] = '\0';
    if (!options->declared && (options->declare || !file))
        return MIGRATE_OK;
    int32_t code = options->declared ? MIGRATE_OK : file_read(file, &read, MIGRATE_ERROR_OPTION, err);
    if (code == MIGRATE_OK && read.failed)
        code = error_nomem(err);
    if (code == MIGRATE_OK) {
        const char *text = options->declared ? options->declared : read.data ? read.data : "";
        digest_init(&digest);
        digest_add(&digest, owners, strlen(owners) + 1);
        digest_add(&digest, text, strlen(text));
        digest_end_hex(&digest, out);
    }
    text_free(&read);
    return code;
}

int32_t declared_known(migrate_session *session, bool table, bool *out, migrate_error **err)
{
    char digest[DIGEST_HEX], fingerprint[DIGEST_HEX], *known = NULL;
    struct database_facts_wish wish = session_facts_wish(session);
    struct facts facts = {0};
    *out = false;
    wish.no_edges = true;
    int32_t code = declared_digest(session, digest, err);
    if (code == MIGRATE_OK && table && *digest)
        code = history_reconciled(session, &known, err);
    if (code == MIGRATE_OK && known && text_starts(known, digest)) {
        code = facts_read(session->db, &wish, &facts, err);
        if (code == MIGRATE_OK) {
            facts_fingerprint(&facts, fingerprint);
            *out = text_equal(known + strlen(digest) + 1, fingerprint);
        }
    }
    facts_free(&facts);
    memory_free(known);
    return code;
}
