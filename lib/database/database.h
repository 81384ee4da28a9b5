/* SPDX-License-Identifier: MIT
 * The seam between the library and its databases. core/ speaks to this header alone; what differs between
 * engines is either in the functions of a connection (struct database_connection_class: how text reaches the
 * server) or in the engine's table (struct database_engine: what text that is). A host's driver is a
 * connection class that speaks an engine's text.
 *
 * Everything is text: SQL goes in with literals and comes back as rows of text, so that a host's driver
 * needs two callbacks, and a migration with its history row can be one message. */
#ifndef DATABASE_DATABASE_H
#define DATABASE_DATABASE_H

#include "database/facts.h"
#include "sql/sql.h"
#include "util/rows.h"
#include "util/text.h"
#include "util/watch.h"

struct database; /* an open connection; each class embeds this struct first (see below) */

/* Where a failing text failed. */
struct database_fault {
    size_t done;   /* statements that were completed before the failing one */
    size_t offset; /* byte offset of the fault in the text; SIZE_MAX: unknown */
    size_t start;  /* byte offset of the failing statement; SIZE_MAX: unknown */
};

/* Locks while a migration's statements run: what they may wait for, and whom they may hold up. The caller sets it in `locks` of a
 * connection; a class that cannot see any leaves it alone. */
enum database_lock_news { DATABASE_LOCK_WAITS, DATABASE_LOCK_HELD };
struct database_lock_report {
    enum database_lock_news news;
    int64_t duration, count, pid;  /* microseconds so far; of sessions; of the first one */
    const char *tables, *sessions; /* that we hold; who holds us up (WAITS), or waits behind us (HELD) */
};
struct database_locks {
    int64_t budget;       /* microseconds that all waits of the attempt may take together; 0: no bound */
    int64_t max_blocking; /* for how long others may be held up; 0: no bound */
    int64_t begun;        /* clock_monotonic() at which the attempt began */
    int64_t waited;       /* kept by the connection, as far as it can see: so long it has waited */
    void (*tell)(const struct database_lock_report *report, void *user); /* about once a second; may be NULL */
    void *user;
};

enum database_transaction { DATABASE_IDLE, DATABASE_OPEN, DATABASE_ABORTED, DATABASE_LOST, DATABASE_UNKNOWN };

/* How text reaches a database: libpq, sqlite3, host. All functions honour db->watch while they wait or run.
 * Errors carry the code (MIGRATE_ERROR_SQL, _RIGHTS, _READ_ONLY, _LOCKED, _CONNECTION_LOST, _IO, _CANCELLED,
 * _TIMEOUT ...), kind, sqlstate or driver code, message, detail, hint; never file, line or statement: those
 * are the caller's. */
struct database_connection_class {
    const char *name;
    /* Runs text, one or more statements; results are thrown away. fault may be NULL. With `one_message`, the
     * whole text is one message and one round trip; else statement by statement. */
    int32_t (*exec)(struct database *db, const char *sql, size_t length, struct database_fault *fault,
                    migrate_error **err);
    bool one_message;
    /* Runs text; the rows of its last statement that returned rows. Columns carry the server's names where it
     * has them ("1", "2" ... else). */
    int32_t (*query)(struct database *db, const char *sql, struct migrate_rows **out, migrate_error **err);
    /* Data that follows a COPY ... FROM stdin. begin sends that one statement and waits until the server wants
     * data; data sends a piece of it, cut anywhere, and keeps no more than a piece in memory; end finishes, and
     * waits for what the server says of it all. abort is for a caller that has no more data to give: the
     * statement fails, its error is dropped. When begin, data or end fail, the COPY is over. *line (may be
     * NULL) is the line within the data that the server complains of, 0 if it names none; libpq hands a
     * complaint over at the end only. All four NULL: the class cannot do it, and the caller refuses. */
    int32_t (*copy_begin)(struct database *db, const char *sql, size_t length, migrate_error **err);
    int32_t (*copy_data)(struct database *db, const char *data, size_t length, migrate_error **err);
    int32_t (*copy_end)(struct database *db, int64_t *line, migrate_error **err);
    void (*copy_abort)(struct database *db);
    enum database_transaction (*transaction)(struct database *db);
    void *(*handle)(struct database *db); /* native handle or NULL */
    /* Settings that a migration may change (search_path, role, pragmas ...): remember them before, bring them
     * back after. On own connections restore may simply reset. Called outside transactions. save may be
     * called again at any time. */
    int32_t (*settings_save)(struct database *db, migrate_error **err);
    int32_t (*settings_restore)(struct database *db, migrate_error **err);
    /* Cheap test at a savepoint: deferred foreign keys that are violated now. NULL: the engine has none. */
    int32_t (*deferred_check)(struct database *db, migrate_error **err);
    int64_t (*bytes_written)(struct database *db); /* by the open transaction, roughly; NULL: unknown */
    void (*locks_end)(struct database *db);        /* lets go of what watching locks needed; NULL: nothing */
    /* Whether a pooler stands before the server, and may give each transaction another session. A query. NULL: not to be known. */
    int32_t (*find_pooler)(struct database *db, bool *out, migrate_error **err);
    void (*close)(struct database *db);            /* frees db too; a borrowed handle stays open */
};

struct database {
    const struct database_connection_class *class;
    const struct database_engine *engine;
    struct watch *watch; /* borrowed from the session; may be NULL */
    struct database_locks *locks; /* the caller's, while it cares; else NULL */
    void (*notice)(const char *severity, const char *message,
                   void *user); /* the database's own; may be NULL */
    void *notice_user;
    char notice_sqlstate[6]; /* of the notice in hand; "" if it has none */
    bool borrowed;    /* the host's handle: leave everything as found */
    bool read_only;   /* known at open: standby, read-only file */
    const char *network; /* the network file system that the file is on; NULL: it is on none, or is no file */
    bool inside;      /* a scratch place in a transaction of a database that is in use */
    bool pooled;      /* each transaction may meet another session of the server; core finds out and sets it */
    char *label;      /* for messages, without any secret: "sqlite:app.db", "postgresql://h:5432/d" */
    char version[32]; /* of server or library; "": see the engine's query */
};

/* A right or thing that a pending migration will need, found by reading its tokens (see core/preflight.c). */
enum database_need_kind {
    NEED_CREATE_IN_SCHEMA,
    NEED_CREATE_SCHEMA,
    NEED_OWN,     /* a table, or what is like one: view, index, sequence */
    NEED_DROP,    /* the same, its schema's owner may too */
    NEED_TRIGGER, /* may put one on the table */
    NEED_HISTORY, /* may write the history table, or create it */
    NEED_KEPT,    /* may write, or create, the table with the kept facts */
    NEED_EXTENSION
};
struct database_need {
    enum database_need_kind kind;
    const char *name; /* as an SQL expression of a name: "public", "app.users", "pg_trgm"; "" for the current
                         schema */
};

/* What became of a statement that runs outside of transactions. */
enum database_probe_answer {
    DATABASE_PROBE_UNKNOWN,    /* there is no way to tell */
    DATABASE_PROBE_AGAIN,      /* it did not take place, or may as well be run again */
    DATABASE_PROBE_DONE,       /* what it makes is there, and whole; what it takes away is gone */
    DATABASE_PROBE_LEFTOVER,   /* half of it is there: `mend` clears that away, then it can run */
    DATABASE_PROBE_UNFINISHED, /* half of it is done: `mend` does the rest */
    DATABASE_PROBE_AT_WORK     /* another session is at it */
};
struct database_probe {
    enum database_probe_answer answer;
    bool makes;          /* it makes something that is not there before, and counts as done once the answer is DONE */
    struct text object;  /* for messages: "index public.t_a" */
    struct text mend;    /* statements, each to be run alone */
    struct text session; /* who is at work */
};

/* What was so before a migration that drops or renames tables which others refer to. */
struct database_rebuild {
    bool was_on;                  /* foreign keys were enforced */
    bool enforced;                /* ... and are, as the migration asks for: there is nothing to check */
    char *violations;             /* rows that refer to nothing */
    char *names;                  /* tables, and what foreign keys refer to */
    char *broken;                 /* views and triggers that did not compile */
};

/* Which facts of the schema are asked for. */
struct database_facts_wish {
    const char *schema, *table; /* the history, which is no part of the schema */
    bool owners;                /* owners and privileges too */
    bool inside;                /* a transaction is open, which a host's driver need not be able to tell */
    bool no_edges;              /* what needs what is not wanted */
    int64_t lock_wait;          /* where no transaction is open: so long for one lock (a view's reader needs its tables'), in microseconds;
                                   0: as long as the session does */
};

/* What one statement of a rehearsal did to what was there before it. Names are quoted, with ", " between; "" if there is nothing to tell. */
struct database_effects {
    struct text lock;               /* the strongest that it took: "AccessExclusive" */
    struct text locked;             /* "AccessExclusive public.t, Share public.u" */
    struct text rewritten, scanned;
    int64_t rows;                   /* inserted, updated or deleted; -1: nobody counted */
};
struct database_look; /* what a rehearsal knows of what was there; an engine's own */

/* Which scratch database is asked for. */
struct database_scratch_wish {
    const char *url;  /* where it is made, or an empty one to be used; NULL: none was given */
    const char *role;   /* makes things in it, too; NULL: the session's own user alone */
    const char *schema; /* is to be there, because the history goes into it; the engine's default is anyway */
    bool another;       /* one is open already, for the same work */
    bool apart;         /* nothing but a database of its own will do: statements run there as they stand */
};

/* Rows to try things with, see core/samples.c. */
struct database_samples {
    /* Every column that takes values, table by table: table and column (both quoted), whether a row needs it, the table that it refers to
     * (null: none), a value for each of two rows, as expressions that hold where what it refers to has rows, and the table's key. */
    int32_t (*list)(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out, migrate_error **err);
    const char *overriding; /* behind INSERT's columns; "" if nothing */
    const char *settle;     /* behind the statement: what constraints were left for later is looked at now; "" if nothing */
    /* Two expressions with a comma between: how many rows the table has, and a text that is the same for the same rows. */
    void (*digest)(struct text *out, const char *table, const char *const *columns, size_t count);
};

/* What checks ask of a database in which a migration is observed. */
struct database_online {
    /* A query, one row: the transaction's number (null: none yet), whether locks are waited for without end (1/t, 0/f), and what the
     * session's settings are, a line each ("name=value"). */
    const char *state;
    /* Flaws of the schema as it stands, as rows: what, key of the fact it is about, table, name, value.
     * "foreign key": no index leads to what refers (name: the columns; value: as DDL would index them); "definer": a function with its
     * owner's rights and the caller's search_path; "invalid": an index; "dangling": a foreign key (of table) to a table that is not there
     * (name); "violation": rows that refer to nothing; "broken": a view, or triggers of a table. Settles nothing. */
    int32_t (*flaws)(struct database *db, struct migrate_rows **out, migrate_error **err);
    bool each; /* flaws is quick enough to be asked behind every statement */
    /* How many rows a table (its ident in facts) has, about; counted up to `most`. 0 where it is not there, -1: it cannot be known now. */
    int32_t (*rows_of)(struct database *db, const char *table, int64_t most, int64_t *out, migrate_error **err);
    /* The statement was run: whether it took what is in double quotes for a string (in *out, the engine's words). undo: takes away what
     * it made. NULL: double quotes always mean names. */
    int32_t (*quotes)(struct database *db, const char *statement, size_t length, const char *undo, struct text *out, migrate_error **err);
};

/* What is said instead where each transaction may meet another session of the server: nothing may be left in one, because
 * somebody else gets it next. */
struct database_pooling {
    /* A message that begins a writing transaction and tries the lock, which ends with it. One row: got it (1/t, 0/f), and newest, an SQL
     * expression that is evaluated behind the lock. */
    void (*begin)(struct text *out, int64_t key, const char *newest);
    /* Behind it: the settings of begin() below, and a note of what the session's are. */
    void (*settings)(struct text *out, const char *set_role);
    /* For before_history() below: brings back what was noted, then the settings again. */
    void (*restore)(struct text *out, const char *set_role);
    /* The lock in a transaction that is open. A query as lock_try() below. */
    void (*lock_try)(struct text *out, int64_t key);
    /* A query: one row, one column that two connections have in common if they lead to one database of one running server. */
    const char *identity;
};

/* Copies of a whole database in a file, where the engine makes them by itself. Each opens connections of its own beside db, whose open
 * transaction may be going on: what it holds uncommitted is not seen. MIGRATE_ERROR_REFUSED: there can be no second connection, the hint
 * says what else would do. */
struct database_save {
    const char *to;        /* a file that is there, and empty */
    void (*tell)(int64_t done, int64_t total, void *user); /* often; bytes */
    void *user;
    struct text *remark;   /* what there is to say of a copy that is faithful: what it is copied from is not whole, or nobody can tell */
};
struct database_restore {
    const char *from;
    int32_t (*safe)(void *user, migrate_error **err); /* keeps what is there now; called again where somebody wrote behind it */
    void (*tell)(int64_t done, int64_t total, void *user);
    void *user;
};
struct database_backups {
    /* The file that it is in; NULL: in none, and there is nothing to keep. */
    int32_t (*file)(struct database *db, const char **out, migrate_error **err);
    int32_t (*size)(struct database *db, int64_t *out, migrate_error **err); /* bytes that a copy takes */
    /* What was committed last, verified: the copy is whole and has as many rows. The caller flushes it to the disk. */
    int32_t (*save)(struct database *db, const struct database_save *save, migrate_error **err);
    /* Whether a file is whole. like: through whose client library. MIGRATE_ERROR_REFUSED: it is not. */
    int32_t (*verify)(struct database *like, const char *file, migrate_error **err);
    /* Puts a file's contents into the place of the database's, for everybody who has it open, in one transaction. db is outside of any. */
    int32_t (*restore)(struct database *db, const struct database_restore *restore, migrate_error **err);
    /* A number that is another one once somebody else than db has committed. */
    int32_t (*version)(struct database *db, int64_t *out, migrate_error **err);
};

/* What an engine's SQL looks like. Names that come in (schema, table) are raw, not quoted. */
struct database_engine {
    const char *name; /* "sqlite", "postgresql" */
    const struct sql_dialect *dialect;
    const char *default_schema; /* "main", "public" */
    bool ahead_fails;           /* the default of on_ahead */
    bool standbys;              /* what is read-only is a standby, and there may be a primary */
    bool shared_transaction;    /* many migrations in one transaction by savepoints (a lock that is the write
                                   transaction), else one each */

    void (*name_quoted)(struct text *out, const char *schema, const char *table); /* schema.table, quoted */
    void (*literal)(struct text *out, const char *text, size_t length);           /* NULL text: NULL */
    void (*boolean)(struct text *out, bool truth);
    void (*history_create)(struct text *out, const char *schema,
                           const char *table); /* CREATE TABLE (IF NOT EXISTS) */
    void (*history_exists)(struct text *out, const char *schema,
                           const char *table); /* a query: one row, one column, 1/t or 0/f; never an error */
    void (*history_has)(struct text *out, const char *schema, const char *table,
                        const char *column); /* the same of a column: the table may be an older version's */
    void (*objects_exist)(
        struct text *out, const char *schema,
        const char *table);      /* the same: any object of a user, extensions', the history's and its facts' left out */
    const char *now;             /* expression for the column `at`; NULL: its clock is this process's */
    const char *at_microseconds; /* expression that reads `at` as microseconds since 1970 */
    const char *since_begin; /* expression: microseconds since the transaction began; NULL: not to be had */
    /* A text without any of these words (ASCII, any case) changes no setting and leaves nothing temporary; NULL: any text may. */
    const char *const *settings_words;
    const char *user;  /* expression: the database's user; "NULL" where there are none */
    const char *database_name; /* a query: one row, one column: what people call the database */
    bool database_path;        /* ... is a path, whose last part is the name */
    /* A query: the tables that a raw name stands for (schema NULL: any that it leads to): what stays when it is renamed (its name, where
     * nothing does), its quoted name, an estimate of its rows (null: none), whether the role may read it (1, 0). */
    void (*tables_named)(struct text *out, const char *schema, const char *table);
    /* The same of the one that an earlier query told of; no row: it is gone. */
    void (*table_again)(struct text *out, const char *identity);
    /* A query: names of tables, without their schemas. */
    const char *table_names;
    const char *identity;      /* a query: what tells this server from others; NULL: there is none */
    /* Begins a writing transaction with every setting that a run needs (READ WRITE, time-outs off, role ...);
     * must not wait long for a lock. */
    void (*begin)(struct text *out, const char *set_role);
    /* How long one wait for a lock may last; local: in this transaction, behind begin(). NULL: there is no such setting. */
    void (*lock_limit)(struct text *out, int64_t microseconds, bool local);
    /* The same settings for statements outside of transactions, until settings_restore(). NULL: none are needed. */
    void (*before_alone)(struct text *out, const char *set_role);
    /* SQL that brings settings back to the connection's own between work and history row inside the
     * transaction; may add nothing. */
    void (*before_history)(struct text *out, const char *set_role);
    /* SQL behind COMMIT on own connections, in the same message, so that nothing leaks into the next
     * migration; may add nothing. */
    void (*after_commit)(struct text *out);
    /* The lock between runners. NULL where the write transaction is the lock. A query: one row: 1/t got it,
     * 0/f not. */
    void (*lock_try)(struct text *out, int64_t key);
    void (*lock_release)(struct text *out, int64_t key); /* does nothing if it is not held */
    /* Query: pid, user, application, host, since when it is connected (microseconds since 1970, and as text), and the statement that
     * would end it; what the role may not see is null. No row: nobody holds it. */
    void (*lock_holder)(struct text *out, int64_t key);
    const struct database_pooling *pooling; /* NULL: there are no poolers before such a database */
    /* The name under which this session stands in the server's list, until the transaction ends (local) or settings_restore(). NULL:
     * there is no such list. */
    void (*session_name)(struct text *out, const char *name, bool local);
    /* A query that answers needs: rows (index into needs, message, hint) for each that is not met. NULL:
     * nothing to ask. */
    void (*preflight)(struct text *out, const struct database_need *needs, size_t count);
    /* Where dropping a table deletes rows of others (SQLite): whether a statement drops or renames a table, and which; whether others refer
     * to it; and what is done before (outside: no transaction is open), at the end of and behind the transaction of such a migration. NULL: no such care is
     * needed. */
    bool (*rebuild_drops)(const char *statement, size_t length, struct text *table);
    /* Adds the names that a statement's new foreign keys refer to, a newline behind each: the catalog does not have them yet. */
    void (*rebuild_refers)(const char *statement, size_t length, struct text *names);
    int32_t (*rebuild_referred)(struct database *db, const char *table, bool *out, migrate_error **err);
    int32_t (*rebuild_begin)(struct database *db, bool outside, bool enforce, struct database_rebuild *state, migrate_error **err);
    int32_t (*rebuild_check)(struct database *db, const struct database_rebuild *state, migrate_error **err);
    int32_t (*rebuild_end)(struct database *db, struct database_rebuild *state, migrate_error **err);
    /* The schema as rows, sorted: rank, kind, ident, value, make, undo, key, inside, name, alter (what they mean: facts.h). edges (may be
     * NULL) gets pairs of keys, what needs what, and in a third column, where there is one, "gone": the one goes when the other goes, or
     * "along": it comes with it, too (what is inherited); NULL comes out where the order of the facts is enough. Changes nothing, inside a
     * transaction or outside. */
    int32_t (*facts)(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_facts,
                     struct migrate_rows **out_edges, migrate_error **err);
    const struct database_backups *backups; /* NULL: it takes a program (pg_dump) */
    const char *version; /* a query: one row, one column, as in `version` of a connection that does not know it by itself */
    const char *facts_head; /* what goes before SQL that makes facts; "" if nothing */
    /* How a fact that says something else becomes what it should be. Statements are added one by one with fact_statements_add(). NULL: by
     * `alter` where there is one, else anew. */
    enum fact_way (*fact_change)(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason);
    /* Whether something that stands on, or is inside of, what is changed in place (FACT_WHEN_ALONE) has to go before. NULL: all of it. */
    bool (*fact_in_the_way)(const struct fact *changed, const struct fact *other);
    /* A change in place did not work, maybe since something else has a name that it gives: the first time one of its own is given, behind
     * that it is the change once more. false: no name is in play. NULL: none ever is. */
    bool (*fact_aside)(const struct fact *from, const struct fact *to, struct fact_statements *out);
    /* Gives an object the name of `to`, where it is; it has nothing else to do with `to`. No statement: it has that name. false: it cannot
     * be renamed. */
    bool (*fact_rename)(const struct fact *from, const struct fact *to, struct fact_statements *out);
    /* Behind that: takes it to the schema of `to`, which is not just another name of its own schema. false: it is there, or goes there
     * with something else. NULL: nothing moves. */
    bool (*fact_move)(const struct fact *from, const struct fact *to, struct fact_statements *out);
    /* The two say the same but for their names, and the one can be given the other's: a constraint, an index. What they are inside of is
     * the caller's to compare. NULL: nothing is alike. */
    bool (*fact_alike)(const struct fact *a, const struct fact *b);
    /* Statements that make something that counts for a column (a sequence, an identity) which was there before, and was of that type (a
     * fact; NULL: unknown). It goes on where another kind of counter stands, and takes that away; old NULL: behind what rows have. false:
     * it cannot go on from there. NULL: the engine has none. */
    bool (*fact_goes_on)(const struct fact *old, const struct fact *new, const struct fact *column, const struct fact *type,
                         struct fact_statements *out);
    /* Statements that make a column of a table that is there, and what counts for it, at once, so that rows get their numbers. false: each is
     * made by itself. NULL: always. */
    bool (*fact_counted)(const struct fact *column, const struct fact *counter, struct fact_statements *out);
    /* Statements that make something that bounds rows for new ones alone: those that are there are not looked at. false: there is no such
     * thing. NULL: the engine has none. */
    bool (*fact_unchecked)(const struct fact *fact, struct fact_statements *out);
    /* Where tables are reshaped as a whole (SQLite): statements that turn a table (its ident), with what is inside of it, into what it is
     * in `to`, rows kept. FACT_IN_PLACE, or FACT_ANEW: a new table takes the rows over; anew: the former is not wanted. NULL: facts have
     * statements of their own. */
    enum fact_way (*facts_reshape)(const struct facts *from, const struct facts *to, const char *table, bool anew,
                                   struct fact_statements *out, const char **reason);
    /* Names are equal whatever their letters' case, and keys are names: they mean the same in any database. */
    bool names_fold;
    /* What the open transaction writes that facts do not tell of. begin notes how things are (wish: the history is left out); since says
     * what was written behind that: uncovered, what no fact speaks of ("text search, casts"), written, the tables whose rows were
     * ("public.t (3 inserted)"); both are "" if there is nothing, and new tables do not count. What was undone by a savepoint may still be
     * said to have been written. had_rows: whether the table with that key (or of the column), or the sequence, may have held something
     * at begin. NULL: it cannot be known. */
    int32_t (*writes_begin)(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_baseline,
                            migrate_error **err);
    int32_t (*writes_since)(struct database *db, const struct migrate_rows *baseline, struct text *uncovered, struct text *written,
                            migrate_error **err);
    bool (*writes_had_rows)(const struct migrate_rows *baseline, const char *key);
    /* Where since cannot tell tables apart: whether a statement writes rows, and into which table (its fact's key). NULL: it can. */
    bool (*writes_rows)(const char *statement, size_t length, struct text *table);
    /* A column's values were all kept when its type went from one to the other. NULL: nobody knows. */
    bool (*type_keeps)(const char *from, const char *to);
    /* What bounds a trial under a savepoint of a live database, so that nobody is held up; NULL: nothing is needed. */
    const char *trial_limits;
    const char *trial_head; /* as facts_head, for the open transaction alone; NULL: nothing is needed */
    /* Whether a statement renames a table or a column, and from what to what, as in `ident` of facts. NULL: keys tell. */
    bool (*renames_of)(const char *statement, size_t length, struct text *from, struct text *to);
    /* Looks between the statements of a rehearsal. begin: in its open transaction, ahead of the first one; what is there then is what was
     * there before. known (may be NULL): only what that look knows by name counts. ahead: right before a statement (NULL: some work that
     * is no statement), also to keep things where a rollback would not bring them back to (sequences), if that needs no longer wait
     * than lock_wait. behind: right behind it. close: ahead of the rollback; undone: behind it, whether nothing of the transaction is
     * left. NULL: nothing can be seen. */
    int32_t (*look_begin)(struct database *db, const struct database_facts_wish *wish, int64_t lock_wait, const struct database_look *known,
                          struct database_look **out, migrate_error **err);
    int32_t (*look_ahead)(struct database_look *look, const char *statement, size_t length, migrate_error **err);
    int32_t (*look_behind)(struct database_look *look, const char *statement, size_t length, struct database_effects *out,
                           migrate_error **err);
    int32_t (*look_close)(struct database_look *look, migrate_error **err);
    int32_t (*look_undone)(struct database_look *look, bool *out, migrate_error **err);
    void (*look_free)(struct database_look *look); /* NULL is fine */
    /* Which tables and columns statements touch, where no locks tell it. begin: from now on, on an own connection; it ends with that. take:
     * what was touched since, as rows: does (read, insert, update, delete), table, column (null: the table as such). NULL: locks tell. */
    int32_t (*touches_begin)(struct database *db, migrate_error **err);
    int32_t (*touches_take)(struct database *db, struct migrate_rows **out, migrate_error **err);
    /* What is there and does not work, found without running it: rows what (view, trigger, function, reference: a foreign key to a table
     * that is not there, key: to columns without a unique index), ident (as in facts), message. names: with line ends between; only
     * functions that have one of them in their text are looked at. Leaves nothing behind; no transaction is open. */
    int32_t (*broken)(struct database *db, const struct database_facts_wish *wish, const char *names, struct migrate_rows **out,
                      migrate_error **err);
    /* MIGRATE_ERROR_REFUSED, with a reason: a rollback would bring nothing back here. NULL: it always does. */
    int32_t (*rolls_back)(struct database *db, migrate_error **err);
    /* What facts do not show and a rollback need not bring back, outside of transactions: rows (name, value). */
    int32_t (*positions)(struct database *db, struct migrate_rows **out, migrate_error **err);
    /* What COMMIT would check now, in a transaction that goes on as a new one would; NULL: see deferred_check. */
    int32_t (*settle)(struct database *db, migrate_error **err);
    /* An empty database of its own, like this one, for trying things: on the same server or where the wish says, in memory for SQLite.
     * Nothing of it stays behind scratch_close(), which closes it, too, even where that fails (then the next scratch_open() removes what
     * is left). MIGRATE_ERROR_SHADOW: none is to be had; the hint says what would help. like is only asked, inside a transaction or
     * outside, and what is made holds its watch until the caller gives it another. */
    int32_t (*scratch_open)(struct database *like, const struct database_scratch_wish *wish, struct database **out, migrate_error **err);
    int32_t (*scratch_close)(struct database *scratch, migrate_error **err);
    /* Fills an empty one with all that `like` has, rows too; no transaction is open on either. MIGRATE_ERROR_SHADOW: it cannot be had; it may
     * be filled in part. NULL: it takes too long by nature. */
    int32_t (*scratch_copy)(struct database *like, struct database *scratch, migrate_error **err);
    /* A query: what extensions there are, and the SQL that makes each where it is not there. NULL: there are none. */
    const char *extensions;
    const struct database_samples *samples;
    const struct database_online *online;
    /* The statement's effect is not confined to its database, as far as its first words tell. */
    bool (*reaches_beyond)(const char *statement, size_t length);
    /* A database of its own with the schema, without the rows, that `like` has now, as its open transaction sees it; database_close()
     * ends it. For trying things where `like` itself would be written to, or cannot take them back. MIGRATE_ERROR_SHADOW: none is to be
     * had, or something of the schema cannot be made there. NULL: things are tried in `like`, under a savepoint. */
    int32_t (*clone_open)(struct database *like, struct database **out, migrate_error **err);
    /* What became of a statement that may not run in a transaction, or what stands in its way. NULL: nothing can be told. */
    int32_t (*probe)(struct database *db, const char *statement, size_t length, struct database_probe *out, migrate_error **err);
    const char *reset_all; /* RESET ALL on a host's connection: without the settings that only the host knows. NULL: there is none */
    /* What to GRANT, in printf form with %s for the quoted object (history table, schema) and %s for the quoted role. */
    const char *grant_select, *grant_write, *grant_create, *grant_kept;
    const char *rights_sqlstate; /* of a statement that lacks a right; NULL: there are none */
};
extern const struct database_engine database_sqlite, database_postgresql;
const struct database_engine *database_engine_of(const char *name); /* NULL if unknown */

/* ---- URLs (url.c) ---- */
/* The engine a URL speaks of; MIGRATE_ERROR_URL names the unknown scheme and what would do. */
int32_t database_url_engine(const char *url, const struct database_engine **out, migrate_error **err);
/* The URL without its secrets, for messages (never NULL unless memory is out). Yours: memory_free(). */
char *database_url_masked(const char *url);

/* ---- opening (open.c) ---- */
struct database_options {
    const char *application_name;
    bool create; /* SQLite: a file that does not exist is made by the first write; else it is
                    MIGRATE_ERROR_NO_DATABASE */
    bool primary; /* PostgreSQL: of the URL's hosts, the one that is not in recovery; none is kind ERROR_RETRY */
    struct watch *watch;
};
/* One attempt to connect. kind ERROR_RETRY: worth another attempt (not up yet, connection limit reached). */
int32_t database_open(const char *url, const struct database_options *options, struct database **out,
                      migrate_error **err);
int32_t database_open_handle(migrate_client *client, void *handle, struct database **out,
                             migrate_error **err);
int32_t database_open_host(migrate_driver *driver, struct database **out, migrate_error **err);
/* Nothing is there: all that is asked fails with MIGRATE_ERROR_MISUSE (absent.c). */
int32_t database_open_absent(const struct database_engine *engine, struct database **out, migrate_error **err);
bool database_is_absent(const struct database *db);
void database_close(struct database *db); /* NULL is fine */

/* Short hands for the class's functions. */
int32_t database_exec(struct database *db, const char *sql, migrate_error **err);
int32_t database_exec_text(struct database *db, const struct text *sql, struct database_fault *fault,
                           migrate_error **err); /* .failed is NOMEM */
int32_t database_query(struct database *db, const struct text *sql, struct migrate_rows **out,
                       migrate_error **err);
/* Runs SQL that cleans up: after a cancel or behind a deadline too, but not for long. */
int32_t database_clean_up(struct database *db, const char *sql, migrate_error **err);
/* One row, one column, read as a truth value. */
int32_t database_ask(struct database *db, const struct text *sql, bool *out, migrate_error **err);

void database_probe_free(struct database_probe *probe);
void database_effects_free(struct database_effects *effects);

/* ---- function tables (client.c), drivers (host/driver.c) ---- */
int32_t client_new(const char *engine, migrate_client **out, migrate_error **err);
int32_t client_set(migrate_client *client, const char *name, migrate_function fn);
migrate_client *client_ref(migrate_client *client);
void client_unref(migrate_client *client);

int32_t driver_new(const char *engine, void *user, migrate_driver **out, migrate_error **err);
int32_t driver_set(migrate_driver *driver, const char *name, migrate_function fn);
migrate_driver *driver_ref(migrate_driver *driver);
void driver_unref(migrate_driver *driver);
int32_t result_columns(migrate_result *result, size_t columns);
int32_t result_name(migrate_result *result, const char *name);
int32_t result_value(migrate_result *result, const char *text, size_t length);
int32_t result_fail(migrate_result *result, const char *sqlstate, int32_t driver_code, const char *message,
                    int64_t position);

bool database_has(const char *feature); /* for migrate_has() */

#endif
