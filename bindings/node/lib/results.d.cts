// SPDX-License-Identifier: MIT
// What calls give back: one member for each column and value of the library's tables. A test compares.

export type Text = string | null
export type Count = number | null

/** One step that a run did. */
export interface Done {
  readonly id: Text
  readonly name: Text
  readonly kind: Text
  readonly direction: 'up' | 'down' | null
  readonly action: Text
  readonly durationMs: Count
  readonly event: Text
  readonly down: Text
}

/** What a run did. applied and rolledBack are ids, in the order of the work; stopped: it ended early, at a safe point. */
export interface Report {
  readonly changed: boolean
  readonly from: Text
  readonly to: Text
  readonly applied: readonly string[]
  readonly rolledBack: readonly string[]
  readonly waitedMs: number
  readonly pending?: Count
  readonly run: Text
  readonly backup: Text
  readonly steps: readonly Done[]
  readonly stopped: boolean
}

/** One step of a plan. */
export interface Step {
  readonly number: number
  readonly id: string
  readonly name: Text
  readonly kind: Text
  readonly direction: 'up' | 'down'
  readonly action: 'run' | 'schema' | 'record'
  readonly file: Text
  readonly transaction: Text
  readonly reversible: Text
  readonly stored: boolean
  readonly checksum: Text
  readonly breaking: boolean
  readonly segments: number
}

/** Something that is wrong with a migration, or will be when it runs. */
export interface Finding {
  readonly rule: string
  readonly name: Text
  readonly severity: 'error' | 'warning' | 'info'
  readonly id: Text
  readonly file: Text
  readonly line: Count
  readonly column: Count
  readonly message: string
  readonly hint: Text
  readonly other: Text
  readonly guess: boolean
}

/** The findings of a check. ok: none of them is an error. */
export interface Check {
  readonly ok: boolean
  readonly count: number
  readonly errors: number
  readonly warnings: number
  readonly infos: number
  readonly ignored: number
  readonly by: Text
  readonly reason: Text
  readonly order: Text
  readonly engine: Text
  readonly findings: readonly Finding[]
}

export interface Rule {
  readonly rule: string
  readonly name: string
  readonly severity: string
  readonly summary: string
}

/** One migration of the source or of the history. */
export interface MigrationStatus {
  readonly id: string
  readonly name: Text
  readonly kind: Text
  readonly state: string
  readonly at: Date | null
  readonly durationMs: Count
  readonly actor: Text
  readonly file: Text
  readonly reversible: Text
  readonly checksum: Text
  readonly recordedChecksum: Text
  readonly note: Text
  readonly breaking: boolean | null
}

/** Where the database is. at: the last applied id; next: the first pending one. */
export interface Status {
  readonly state: 'current' | 'pending' | 'ahead' | 'diverged' | 'unmanaged'
  readonly applied: number
  readonly pending: number
  readonly at: Text
  readonly engine: string
  readonly next: Text
  readonly protected: boolean
  readonly confirm: Text
  readonly database: Text
  readonly late: number
  readonly modified: number
  readonly missing: number
  readonly renamed: number
  readonly ahead: number
  readonly migrations: readonly MigrationStatus[]
}

/** One row of the history. */
export interface HistoryEvent {
  readonly seq: number
  readonly event: string
  readonly effect: Text
  readonly kind: Text
  readonly id: Text
  readonly name: Text
  readonly at: Date | null
  readonly durationMs: Count
  readonly run: Text
  readonly dbUser: Text
  readonly actor: Text
  readonly host: Text
  readonly application: Text
  readonly library: Text
  readonly reason: Text
  readonly error: Text
  readonly checksum: Text
  readonly statement: Count
  readonly breaking: boolean | null
  readonly fingerprint: Text
}

export interface History {
  readonly state: string
  readonly count: number
  readonly events: readonly HistoryEvent[]
}

/** What up, down and up of one migration led to. */
export interface Verified {
  readonly id: Text
  readonly down: Text
  readonly result: string
  readonly detail: Text
  readonly file: Text
  readonly line: Count
  readonly column: Count
}

/** ok: no rollback text is bad. */
export interface Verification {
  readonly ok: boolean
  readonly count: number
  readonly good: number
  readonly bad: number
  readonly untried: number
  readonly migrations: readonly Verified[]
}

/** One statement of a rehearsal. */
export interface Rehearsed {
  readonly id: Text
  readonly statement: Count
  readonly sql: Text
  readonly file: Text
  readonly line: Count
  readonly where: Text
  readonly durationMs: Count
  readonly lock: Text
  readonly locked: Text
  readonly rewritten: Text
  readonly scanned: Text
  readonly rows: Count
  readonly reason: Text
}

/** What a plan would do, run for real and rolled back. */
export interface Rehearsal {
  readonly count: number
  readonly notRun: number
  readonly durationMs: number
  readonly identical: boolean | null
  readonly differs: Text
  readonly left: Text
  readonly engine: Text
  readonly statements: readonly Rehearsed[]
}

export interface Difference {
  readonly difference: string
  readonly kind: Text
  readonly ident: Text
  readonly expected: Text
  readonly actual: Text
  readonly restore: Text
  readonly adopt: Text
  readonly with: Text
  readonly note: Text
}

/** How the schema differs from what the migrations made. ok: in nothing. */
export interface Drift {
  readonly ok: boolean
  readonly by: Text
  readonly expected: Text
  readonly actual: Text
  readonly count: number
  readonly columnOrder: boolean | null
  readonly restore: Text
  readonly adopt: Text
  readonly proven: boolean | null
  readonly differences: readonly Difference[]
}

export interface LeftOut {
  readonly kind: Text
  readonly ident: Text
  readonly reason: Text
}

/** A migration from here to the wanted schema. differs: there is anything to change. */
export interface Generated {
  readonly differs: boolean
  readonly up: string
  readonly down: string
  readonly downRefused: Text
  readonly changes: number
  readonly proven: boolean | null
  readonly downProven: boolean | null
  readonly columnOrder: boolean | null
  readonly loses: boolean | null
  readonly from: Text
  readonly leftOut: readonly LeftOut[]
}

/** The rollback text of one migration. down is "" where it would lie, with the reason in refused. */
export interface GeneratedDown {
  readonly id: Text
  readonly file: Text
  readonly down: string
  readonly refused: Text
  readonly proven: boolean | null
}

export interface Fact {
  readonly kind: string
  readonly ident: string
  readonly value: Text
  readonly make: Text
  readonly undo: Text
}

/** The schema. sql makes it in an empty database. */
export interface Snapshot {
  readonly fingerprint: string
  readonly engine: Text
  readonly version: Text
  readonly sql: string
  readonly facts: readonly Fact[]
}

export interface Reconciled {
  readonly done: string
  readonly kind: Text
  readonly ident: Text
  readonly sql: Text
  readonly reason: Text
}

/** What of the declared schema was missing. ok: nothing is missing any more. */
export interface Reconciliation {
  readonly ok: boolean
  readonly changed: boolean
  readonly missing: number
  readonly left: number
  readonly facts: readonly Reconciled[]
}

export interface Edge {
  readonly kind: 'node' | 'edge'
  readonly from: Text
  readonly to: Text
  readonly label: Text
  readonly head: boolean | null
}

/** Who needs whom. dot, mermaid and text are the graph in those forms. */
export interface Graph {
  readonly nodes: number
  readonly edges: number
  readonly heads: number
  readonly merge: Text
  readonly by: Text
  readonly dot: string
  readonly mermaid: string
  readonly text: string
  readonly parts: readonly Edge[]
}

export interface Backup {
  readonly file: string
  readonly at: Date | null
  readonly bytes: Count
  readonly id: Text
  readonly verified: boolean | null
  readonly tables: Text
}

/** Progress, a log line, a checkpoint; what else it says depends on its name. Later versions add names. */
export interface Event {
  readonly name: string
  readonly level: 'debug' | 'info' | 'warning' | 'error'
  readonly message: string
  readonly id?: string
  readonly migrationName?: string
  readonly file?: string
  readonly direction?: string
  readonly number?: number
  readonly count?: number
  readonly durationMs?: number
  readonly waitedMs?: number
  readonly statement?: string | number
  readonly code?: string | number
  readonly pid?: string | number
  readonly tables?: string
  readonly sessions?: string
  readonly application?: string
  readonly host?: string
  readonly since?: string | number
  readonly bytes?: number
  readonly total?: number
}
