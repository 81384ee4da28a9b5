/* SPDX-License-Identifier: MIT
 *
 * Opens a session on a PGconn that the host already has. The host's own libpq functions are handed over by
 * name, so that the connection never meets another copy of libpq. Link with libpq as before.
 */
#ifndef MIGRATE_LIBPQ_H
#define MIGRATE_LIBPQ_H

#include <migrate.h>

#include <libpq-fe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As migrate_open_handle(). The connection stays the host's: it is not closed, and its settings, notice
 * receiver and transaction state are left as found. Since 1.0. */
static inline int32_t migrate_open_libpq(PGconn *connection, const migrate_options *options,
                                         migrate_session **out_session, migrate_error **out_err)
{
    /* More than this version calls, so that a program built with this header can use a later one. */
    static const struct {
        const char *name;
        migrate_function function;
    } functions[] = {
#ifdef __cplusplus
#define MIGRATE_LIBPQ(function) {#function, reinterpret_cast<migrate_function>(function)}
#else
#define MIGRATE_LIBPQ(function)                                                                              \
    {                                                                                                        \
#function, (migrate_function)function                                                                \
    }
#endif
        MIGRATE_LIBPQ(PQbackendPID),
        MIGRATE_LIBPQ(PQcancel),
        MIGRATE_LIBPQ(PQclear),
        MIGRATE_LIBPQ(PQcmdStatus),
        MIGRATE_LIBPQ(PQcmdTuples),
        MIGRATE_LIBPQ(PQconnectPoll),
        MIGRATE_LIBPQ(PQconnectStartParams),
        MIGRATE_LIBPQ(PQconnectionNeedsPassword),
        MIGRATE_LIBPQ(PQconninfo),
        MIGRATE_LIBPQ(PQconninfoFree),
        MIGRATE_LIBPQ(PQconninfoParse),
        MIGRATE_LIBPQ(PQconsumeInput),
        MIGRATE_LIBPQ(PQdb),
        MIGRATE_LIBPQ(PQerrorMessage),
        MIGRATE_LIBPQ(PQescapeIdentifier),
        MIGRATE_LIBPQ(PQescapeLiteral),
        MIGRATE_LIBPQ(PQexec),
        MIGRATE_LIBPQ(PQexecParams),
        MIGRATE_LIBPQ(PQfinish),
        MIGRATE_LIBPQ(PQflush),
        MIGRATE_LIBPQ(PQfname),
        MIGRATE_LIBPQ(PQfreeCancel),
        MIGRATE_LIBPQ(PQfreemem),
        MIGRATE_LIBPQ(PQftype),
        MIGRATE_LIBPQ(PQgetCancel),
        MIGRATE_LIBPQ(PQgetCopyData),
        MIGRATE_LIBPQ(PQgetResult),
        MIGRATE_LIBPQ(PQgetisnull),
        MIGRATE_LIBPQ(PQgetlength),
        MIGRATE_LIBPQ(PQgetvalue),
        MIGRATE_LIBPQ(PQhost),
        MIGRATE_LIBPQ(PQisBusy),
        MIGRATE_LIBPQ(PQisnonblocking),
        MIGRATE_LIBPQ(PQlibVersion),
        MIGRATE_LIBPQ(PQnfields),
        MIGRATE_LIBPQ(PQnotifies),
        MIGRATE_LIBPQ(PQntuples),
        MIGRATE_LIBPQ(PQparameterStatus),
        MIGRATE_LIBPQ(PQport),
        MIGRATE_LIBPQ(PQputCopyData),
        MIGRATE_LIBPQ(PQputCopyEnd),
        MIGRATE_LIBPQ(PQresetStart),
        MIGRATE_LIBPQ(PQresultErrorField),
        MIGRATE_LIBPQ(PQresultErrorMessage),
        MIGRATE_LIBPQ(PQresultStatus),
        MIGRATE_LIBPQ(PQsendQuery),
        MIGRATE_LIBPQ(PQsendQueryParams),
        MIGRATE_LIBPQ(PQserverVersion),
        MIGRATE_LIBPQ(PQsetErrorVerbosity),
        MIGRATE_LIBPQ(PQsetNoticeReceiver),
        MIGRATE_LIBPQ(PQsetSingleRowMode),
        MIGRATE_LIBPQ(PQsetnonblocking),
        MIGRATE_LIBPQ(PQsocket),
        MIGRATE_LIBPQ(PQstatus),
        MIGRATE_LIBPQ(PQtransactionStatus),
        MIGRATE_LIBPQ(PQuser)
#undef MIGRATE_LIBPQ
    };
    migrate_client *client = NULL;
    size_t i;
    int32_t result = migrate_client_new("postgresql", &client, out_err);

    if (result != MIGRATE_OK)
        return result;
    for (i = 0; i < sizeof functions / sizeof functions[0]; i++)
        migrate_client_set(client, functions[i].name, functions[i].function);
    result = migrate_open_handle(client, connection, options, out_session, out_err);
    migrate_client_free(client);
    return result;
}

#ifdef __cplusplus
}
#endif

#endif
