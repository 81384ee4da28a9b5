// SPDX-License-Identifier: MIT
import type { Report } from './results.cjs'

/** What to do: try later, mend the migrations, the rights, the call, decide, mend the set-up ... */
export type ErrorClass = 'retry' | 'source' | 'rights' | 'usage' | 'state' | 'environment' | 'cancelled' | 'internal' | 'unknown'

/** message: the whole error for a person, with place, detail and hint; summary: one line of it. No password stands in either. */
export class MigrateError extends Error {
  /** The class's name as a word: "sql", "locked", "read_only" ... */
  readonly code: string
  readonly class?: ErrorClass
  readonly summary: string
  readonly detail?: string
  readonly hint?: string
  readonly id?: string
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly statement?: string
  readonly sqlstate?: string
  readonly driverCode?: number
}
/** Out of memory. */
export class NomemError extends MigrateError {}
/** An argument is out of range, or a call untimely. */
export class MisuseError extends MigrateError {}
/** Unknown option or bad value. */
export class OptionError extends MigrateError {}
/** A URL that names no known engine or cannot be read. */
export class UrlError extends MigrateError {}
/** libpq or libsqlite3 is absent, or lacks a function. */
export class ClientError extends MigrateError {}
/** The database was not reachable within waitTimeout. */
export class ConnectError extends MigrateError {}
/** Password, role or host refused by the server. */
export class AuthenticationError extends MigrateError {}
/** The server has no such database; the file does not exist. */
export class NoDatabaseError extends MigrateError {}
/** A directory, file, name or text of the source is not valid. */
export class SourceError extends MigrateError {}
/** Two migrations with one id or one number. */
export class DuplicateError extends MigrateError {}
/** Depends: names an unknown id, forms a circle, or forbids this rollback. */
export class DependencyError extends MigrateError {}
/** Target unknown, or it fits several ids. */
export class TargetError extends MigrateError {}
/** A statement failed; its migration was rolled back. */
export class SqlError extends MigrateError {}
/** A migration in JavaScript, or a callback, failed; cause is what it threw. */
export class CodeError extends MigrateError {}
/** An applied migration's text has changed. */
export class ModifiedError extends MigrateError {}
/** An applied migration is not in the source. */
export class MissingError extends MigrateError {}
/** A pending number is lower than an applied one. */
export class LateError extends MigrateError {}
/** The database is ahead of this build. */
export class AheadError extends MigrateError {}
/** An applied migration stands in the source under a new id. */
export class RenamedError extends MigrateError {}
/** The database has objects but no history. */
export class UnmanagedError extends MigrateError {}
/** The history table is not ours, newer than this library, or damaged. */
export class HistoryError extends MigrateError {}
/** The role lacks a right; the hint has the GRANT. */
export class RightsError extends MigrateError {}
/** Read-only file or server. */
export class ReadOnlyError extends MigrateError {}
/** Another runner or writer holds the lock beyond waitTimeout, or a table's lock was not to be had. */
export class LockedError extends MigrateError {}
/** runDeadline, maxBlocking, or mode wait beyond waitTimeout. */
export class TimeoutError extends MigrateError {}
/** The call was cancelled. */
export class CancelledError extends MigrateError {}
/** The plan no longer fits the database or the source. */
export class StaleError extends MigrateError {}
/** No rollback text. */
export class IrreversibleError extends MigrateError {}
/** Refused by a guard. */
export class RefusedError extends MigrateError {}
/** Non-transactional work ended half-way; a new run goes on behind the last done statement. */
export class PartialError extends MigrateError {}
/** The connection broke during the run; what was under way was not committed. */
export class ConnectionLostError extends MigrateError {}
/** The application's connection is inside a transaction. */
export class InTransactionError extends MigrateError {}
/** Disk full, I/O error, damaged database file. */
export class IoError extends MigrateError {}
/** A defect in the library: please report it. */
export class InternalError extends MigrateError {}
/** SQLite: the file is on a network file system, or one without locks. */
export class FileSystemError extends MigrateError {}
/** SQLite: the file is there only once the device is unlocked. */
export class DeviceLockedError extends MigrateError {}
/** The connection broke during COMMIT and the database could not be asked. */
export class OutcomeUnknownError extends MigrateError {}
/** No scratch database to try things in. */
export class ShadowError extends MigrateError {}
/** The schema is not the one that was claimed or wanted. */
export class SchemaError extends MigrateError {}
/** A call that ended because its AbortSignal said so: name "AbortError", code "ABORT_ERR", cause: the signal's reason. */
export class AbortError extends CancelledError {}
/** Start-up in mode check: migrations are pending. */
export class MigrationsPending extends MigrateError {
  readonly report: Report
}
/** Start-up ended early, at a safe point: start again to go on. */
export class RunStopped extends MigrateError {
  readonly report: Report
}
