// SPDX-License-Identifier: MIT
import type { Options } from './options.cjs'
import type {
  Backup,
  Check,
  Drift,
  Event,
  Finding,
  Generated,
  GeneratedDown,
  Graph,
  History,
  Reconciliation,
  Rehearsal,
  Report,
  Rule,
  Snapshot,
  Status,
  Step,
  Verification
} from './results.cjs'
export type { Duration, Options } from './options.cjs'
export type {
  Backup,
  Check,
  Difference,
  Done,
  Drift,
  Edge,
  Event,
  Fact,
  Finding,
  Generated,
  GeneratedDown,
  Graph,
  History,
  HistoryEvent,
  LeftOut,
  MigrationStatus,
  Reconciled,
  Reconciliation,
  Rehearsal,
  Rehearsed,
  Report,
  Rule,
  Snapshot,
  Status,
  Step,
  Verification,
  Verified
} from './results.cjs'
export * from './errors.cjs'

type Text = string | null

/** The open connection inside a migration's transaction, until the function's promise settles. */
export interface Connection {
  readonly engine: 'sqlite' | 'postgresql'
  /** Aborts when the call is cancelled. */
  readonly signal: AbortSignal
  /** Runs SQL text, one or more statements. */
  execute(sql: string): Promise<void>
  /** Runs one statement; its rows, with every value as text or null. */
  query(sql: string): Promise<Array<Record<string, string | null>>>
  /** A text as a literal of the engine's SQL, quotes included. */
  quote(text: string): Promise<string>
}

export type Code = (connection: Connection) => unknown

/** A migration in memory: texts, or functions. version stands where a text's checksum would: change it when the function changes its meaning. */
export type Migration =
  | { id: string; up: string; down?: string | null | undefined }
  | { id: string; up: Code; down?: Code | null | undefined; version?: string | number | undefined }

/** {"001_users.sql": text}, as files of a folder; or a list. */
export type Migrations = Readonly<Record<string, string | Uint8Array>> | Iterable<Migration>

/** What onBackup is asked for. url has the password: never put it into arguments of a program. */
export interface BackupJob {
  readonly verb: 'backup' | 'verify' | 'restore'
  readonly file: string
  readonly url: string | null
  readonly server: string | null
  readonly tables: readonly string[]
  /** Aborts when it is no longer wanted. */
  readonly signal: AbortSignal
}

export interface DriverRows {
  /** Their names from left to right, also when there are no rows; or how many they are: migrations in JavaScript know them as "1", "2" then. */
  readonly columns: readonly string[] | number
  /** The values of all rows, one behind the other. */
  readonly values: ReadonlyArray<string | Uint8Array | null>
}

export interface DriverFailure {
  readonly message: string
  readonly sqlstate?: string | null
  readonly driverCode?: number
  readonly position?: number
}

/** A connection of some other library. It must not begin transactions by itself while a call runs. */
export interface Driver {
  readonly engine: 'sqlite' | 'postgresql'
  run(sql: string): DriverRows | Promise<DriverRows>
  inTransaction(): boolean
  failure?(error: unknown): DriverFailure
  interrupt?(): void
  enter?(): unknown
  leave?(): unknown
  close?(): unknown
}

/** Database of better-sqlite3, DatabaseSync of node:sqlite, Client or Pool of pg, or a Driver. */
export type OwnConnection = object

export interface MigratorOptions extends Options {
  /** Instead of a URL: the application's own connection. It stays open. */
  connection?: OwnConnection | undefined
  /** Migrations in memory, beside those of dir. */
  migrations?: Migrations | undefined
  /** The schema that the application is written for: SQL, or a function that makes it in an empty database. */
  schema?: string | Code | undefined
  /** The fast road for an empty database: makes the schema as it stands behind the migration standsFor. */
  freshSchema?: { standsFor: string; make: Code } | undefined
  /** Reads MIGRATE_* and DATABASE_URL first; what stands here counts. */
  environment?: boolean | undefined
  /** Gets each event, and is waited for. What it throws ends the call. */
  onEvent?: ((event: Event) => unknown) | undefined
  /** Makes, verifies and restores backups of PostgreSQL; throws what is wrong. */
  onBackup?: ((job: BackupJob) => unknown) | undefined
}

export interface FilesOptions extends MigratorOptions {
  /** For which engine the files are. */
  engine?: 'sqlite' | 'postgresql' | undefined
}

export interface CallOptions {
  /** Cancels: the statement that runs ends, its migration is rolled back, AbortError is thrown. */
  signal?: AbortSignal | undefined
}

/** What would run. Migrator.apply(plan) does exactly that, or rejects with StaleError. */
export class Plan implements Iterable<Step> {
  private constructor()
  readonly count: number
  readonly from: Text
  readonly to: Text
  readonly direction: 'up' | 'down' | null
  readonly engine: string
  readonly findings: readonly Finding[]
  readonly steps: readonly Step[]
  readonly length: number
  /** The SQL as it would be sent; psql and sqlite3 can run it. */
  sql(): Promise<string>
  [Symbol.iterator](): Iterator<Step>
}

/** A run that the program pulls. end() gives the report, and has to be called; `await using` does that, too. */
export class Run {
  private constructor()
  /** True: a step was done, and has committed; call again. False: nothing was left, or the run was stopped. */
  step(options?: CallOptions): Promise<boolean>
  end(): Promise<Report>
  [Symbol.asyncDispose](): Promise<void>
}

/** A database with its migrations. Its calls run one behind the other; close() ends it, or `await using`. */
export class Migrator {
  constructor(url: string | URL, options?: MigratorOptions)
  constructor(options: MigratorOptions)
  /** The migrations alone, without any database, for check() and graph(). */
  static forFiles(options: FilesOptions): Migrator
  /** Connects; the first call does it by itself. */
  open(options?: CallOptions): Promise<this>
  /** Waits for what runs, then closes the session. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  /** Ends the call that runs: its statement is cancelled, its migration rolled back, CancelledError thrown. Later calls work again. */
  cancel(): void
  /** Ends the call that runs at the next safe point: Report.stopped. */
  stop(): void
  /** Events as they come, of all calls from now on, until close(). */
  events(): AsyncIterableIterator<Event>
  /** What would run. Targets: nothing (everything pending), "+2", an id or its unique prefix, "only:ID". */
  plan(target?: string, options?: CallOptions): Promise<Plan>
  plan(options: CallOptions): Promise<Plan>
  /** Runs a plan as reviewed, everything up to a target, or everything pending. */
  apply(plan?: Plan | string, options?: CallOptions): Promise<Report>
  apply(options: CallOptions): Promise<Report>
  /** Rolls back: nothing (the last one), "-2", an id (so that it is the last applied one), "empty", "only:ID". */
  rollback(target?: string, options?: CallOptions): Promise<Report>
  rollback(options: CallOptions): Promise<Report>
  /** The lifespan hook, by the option mode. Throws MigrationsPending in mode check, RunStopped if it ended early. */
  startup(options?: StartupCallOptions): Promise<Report>
  run(plan?: Plan | string, options?: CallOptions): Promise<Run>
  run(options: CallOptions): Promise<Run>
  status(options?: CallOptions): Promise<Status>
  history(options?: CallOptions): Promise<History>
  snapshot(options?: CallOptions): Promise<Snapshot>
  /** Up, down and up in a scratch database: do the rollback texts lead back? */
  verify(target?: string, options?: CallOptions): Promise<Verification>
  verify(options: CallOptions): Promise<Verification>
  /** Runs a plan for real, and rolls it back: what it costs, what it locks. */
  rehearse(plan?: Plan | string, options?: CallOptions): Promise<Rehearsal>
  rehearse(options: CallOptions): Promise<Rehearsal>
  /** Was the schema changed by somebody else than the migrations? */
  diff(options?: CallOptions): Promise<Drift>
  /** The migration that leads to another schema: SQL, a URL, or nothing: the declared one. */
  generate(to?: string | URL, options?: CallOptions): Promise<Generated>
  generate(options: CallOptions): Promise<Generated>
  generateDown(id: string, options?: CallOptions): Promise<GeneratedDown>
  /** Brings in what is missing of the declared schema; mode report changes nothing. */
  reconcile(mode?: 'report' | 'apply', options?: CallOptions): Promise<Reconciliation>
  /** What is wrong with the migrations, or will be when they run. */
  check(depth?: 'source' | 'database', options?: CallOptions): Promise<Check>
  check(options: CallOptions): Promise<Check>
  /** Do the migrations fit to those of another side, before a merge? base: where both sides began. */
  checkAgainst(dir: string | URL, options?: CallOptions & { base?: string | URL | undefined }): Promise<Check>
  graph(of?: 'migrations' | 'declared' | 'tables', options?: CallOptions & { at?: string | undefined }): Promise<Graph>
  backup(options?: CallOptions): Promise<Backup>
  backups(options?: CallOptions): Promise<readonly Backup[]>
  /** Brings the contents of a backup back; nothing: of the newest. Needs the option confirm. */
  restore(file?: string | URL, options?: CallOptions): Promise<Report>
  restore(options: CallOptions): Promise<Report>
  /** Marks the database as one whose data are precious, or not. */
  protect(on: boolean, options: CallOptions & { reason: string }): Promise<Report>
  /** Writes the history alone. */
  mark(
    as: 'applied' | 'forgotten' | 'accept-checksum' | 'renamed',
    options: CallOptions & { id?: string | undefined; reason: string }
  ): Promise<Report>
  /** Adopts a database that was built without libmigrate: everything up to target counts as applied. */
  baseline(options?: CallOptions & { target?: string | undefined; reason?: string | undefined }): Promise<Report>
  baselineFromTable(table: string, column: string, options?: CallOptions & { reason?: string | undefined }): Promise<Report>
}

export interface StartupCallOptions extends CallOptions {
  /** Ends the run at its next safe point: RunStopped is thrown, and the next start goes on. */
  stopSignal?: AbortSignal | undefined
}

export interface StartupOptions extends MigratorOptions, StartupCallOptions {}

/** The lifespan hook in one call: brings the database to the schema of this program, by mode (apply, check, wait, off). */
export function startup(url: string | URL, options?: StartupOptions): Promise<Report>
export function startup(options: StartupOptions): Promise<Report>

export interface Readiness {
  readonly ready: boolean
  readonly reason: string
}

/** A check that only looks: ready where the schema is equal to the program's, or compatibly ahead of it. */
export function readiness(url: string | URL, options?: MigratorOptions): () => Promise<Readiness>
export function readiness(options: MigratorOptions): () => Promise<Readiness>

export interface OptionDescription {
  readonly key: string
  readonly type: 'text' | 'word' | 'duration' | 'number' | 'size' | 'truth'
  readonly default: Text
  readonly values: Text
  readonly secret: boolean
  readonly since: string
  readonly help: string
  readonly environment: string
}

/** Every option of the library, by its own words. */
export function options(): OptionDescription[]
/** The rules of check(), with their severities. */
export function rules(): Rule[]
/** Of the library. */
export const version: string
/** Whether it has "sqlite", "postgresql" ... */
export function has(feature: string): boolean
