// SPDX-License-Identifier: MIT
// Made by scripts/types.js from the library's table of options: do not edit.

/** A text with a unit ("500ms", "30s", "5min", "none"), or milliseconds. */
export type Duration = string | number

/** Every option of the library. */
export interface Options {
  /** Database: whatever libpq takes (postgresql://...), sqlite:path, sqlite::memory:, file:... */
  url?: string | URL | undefined
  /** Directory with the migrations. */
  dir?: string | URL | undefined
  /** Name under which several products keep their own histories in one database. */
  module?: string | URL | undefined
  /** What start-up does: apply what is pending, only compare, wait for another process to apply, nothing. Default: apply. */
  mode?: 'apply' | 'check' | 'wait' | 'off' | undefined
  /** Mode check: pending migrations are an answer of their own, or a warning. Default: fail. */
  onPending?: 'fail' | 'warn' | undefined
  /** The database has migrations that this build does not know (auto: warn on PostgreSQL, fail on SQLite; a breaking one always fails unless allowed). Default: auto. */
  onAhead?: 'auto' | 'fail' | 'warn' | 'allow' | undefined
  /** An applied migration's text has changed. Default: fail. */
  onModified?: 'fail' | 'warn' | 'allow' | undefined
  /** An applied migration is not in the source. Default: fail. */
  onMissing?: 'fail' | 'warn' | 'allow' | undefined
  /** An applied migration stands in the source under a new id (warn, allow: the new id is recorded). Default: fail. */
  onRenamed?: 'fail' | 'warn' | 'allow' | undefined
  /** The database has objects but no history: refuse, or run the migrations on it. Default: fail. */
  onUnmanaged?: 'fail' | 'apply' | undefined
  /** PostgreSQL: something is pending, and the URL's hosts are all in recovery: refuse, or wait for one to be promoted. Default: fail. */
  onStandby?: 'fail' | 'wait' | undefined
  /** SQLite: something is pending, and the file is on a network file system, whose locks often do not hold: refuse, or go on. Default: fail. */
  networkFile?: 'fail' | 'allow' | undefined
  /** A pending number lower than an applied one: refuse, leave it out, or apply it. Default: strict. */
  order?: 'strict' | 'skip' | 'any' | undefined
  /** Two migrations with one number. Default: fail. */
  duplicateNumbers?: 'fail' | 'allow' | undefined
  /** On an empty database: run schema.sql instead of the migrations it stands for. Default: use. */
  schemaFile?: 'use' | 'ignore' | undefined
  /** One transaction for each migration, or one for the whole run, all or nothing (auto: migration on PostgreSQL; on SQLite one transaction with a savepoint for each, so that what succeeded stays). Default: auto. */
  transaction?: 'auto' | 'migration' | 'run' | undefined
  /** SQLite, transaction=auto: commit between two migrations once the transaction is older than this. Default: 1s. */
  commitEvery?: Duration | undefined
  /** How long to wait for the database to come up, and for another runner. Default: 5min. */
  waitTimeout?: Duration | undefined
  /** The work is cancelled after this time. Default: none. */
  runDeadline?: Duration | undefined
  /** No further migration is begun after this time; the next run goes on. Default: none. */
  runBudget?: Duration | undefined
  /** PostgreSQL: what all waits for locks of one attempt at a migration may take together; then it is rolled back, and tried again later. Default: 1s. */
  ddlLockTimeout?: Duration | undefined
  /** PostgreSQL: how often a migration that does not get its locks is tried, with pauses of five times ddl_lock_timeout. Default: 30. */
  ddlLockAttempts?: number | string | undefined
  /** PostgreSQL: a statement is cancelled once it has held other sessions up for this time. Default: none. */
  maxBlocking?: Duration | undefined
  /** Rights and extensions that pending migrations will lack: refuse before the first, warn, do not look. Default: fail. */
  preflight?: 'fail' | 'warn' | 'off' | undefined
  /** Roll back with the text that the history keeps, where the source has none. Default: refuse. */
  storedDown?: 'refuse' | 'allow' | undefined
  /** A migration without rollback text gets one from the schema before and behind it, kept in the history (auto: unless the database was empty as the run began). Default: auto. */
  generateDown?: 'auto' | 'on' | 'off' | boolean | undefined
  /** For development: pending migrations go up, down and up in a scratch database first; baseline: the schema is compared with what the migrations lead to. Default: off. */
  verify?: 'off' | 'on' | boolean | undefined
  /** The schema's fingerprint goes into the history at the end of a run, so that drift is seen. Default: off. */
  fingerprint?: 'off' | 'on' | boolean | undefined
  /** The facts behind the fingerprint are kept in the database, so that drift is named without a scratch database. Default: off. */
  keepFacts?: 'off' | 'on' | boolean | undefined
  /** Start-up, behind the migrations: what is missing of the declared schema is left, told, or added. Default: off. */
  reconcile?: 'off' | 'report' | 'apply' | undefined
  /** File with the schema that the application is written for, as SQL for an empty database. */
  declared?: string | URL | undefined
  /** Where scratch databases are made, or an empty database to be used as one (default: on the same server, or in a transaction of the database that is rolled back). */
  shadowUrl?: string | URL | undefined
  /** Severities of findings: RULE=error|warning|info|off, with commas between (PG11=error,style=warning). */
  rules?: string | URL | undefined
  /** A backup before a run: never; where the plan has a statement that can lose data, of the database or of the tables that it touches; always (auto: destructive on SQLite, off on PostgreSQL). Default: auto. */
  backup?: 'auto' | 'off' | 'destructive' | 'tables' | 'always' | undefined
  /** Folder for backups (default: beside the SQLite file, ./backups for PostgreSQL). */
  backupDir?: string | URL | undefined
  /** How many verified backups are kept. Default: 10. */
  backupKeep?: number | string | undefined
  /** Older verified backups are removed, but never the newest. Default: none. */
  backupMaxAge?: Duration | undefined
  /** The oldest verified backups are removed once all take more (500MB, 2GB), but never the newest. Default: none. */
  backupMaxBytes?: number | string | undefined
  /** Tables whose rows are counted before and after each migration, with commas between; auto: those that destructive statements of the plan touch. Fewer rows fail the migration. */
  protect?: string | URL | undefined
  /** protect=auto: tables that cannot be counted within this time are told of, and left uncounted. Default: 5s. */
  protectBudget?: Duration | undefined
  /** Why this run may lose rows of protected tables; goes into the history. */
  allowDataLoss?: string | URL | undefined
  /** The database's name: a protected database may lose data in this call. */
  confirm?: string | URL | undefined
  /** PostgreSQL: the role that runs the migrations and owns what they make. */
  setRole?: string | URL | undefined
  /** The host's own connection is inside a transaction: refuse, or work inside it. Default: refuse. */
  hostTransaction?: 'refuse' | 'use' | undefined
  /** Owners and privileges belong to the schema that snapshot shows. Default: off. */
  schemaPrivileges?: 'off' | 'on' | boolean | undefined
  /** PostgreSQL behind a pooler (PgBouncer ...): find out and take it to pool transactions; it pools sessions, or there is none; it pools transactions. Default: auto. */
  pooler?: 'auto' | 'session' | 'transaction' | undefined
  /** The same database past the pooler, for runs with what no transaction can hold (CREATE INDEX CONCURRENTLY). */
  directUrl?: string | URL | undefined
  /** Schema of the history table (default: public on PostgreSQL, main on SQLite). */
  historySchema?: string | URL | undefined
  /** Name of the history table. Default: libmigrate_history. */
  historyTable?: string | URL | undefined
  /** The host program's name and version, for the history and the server's session list. Default: libmigrate. */
  application?: string | URL | undefined
  /** Who asks for the change, for the history. */
  actor?: string | URL | undefined
  /** Why, for the history. */
  reason?: string | URL | undefined
}
