// SPDX-License-Identifier: MIT
// What a program in TypeScript writes; tsc --strict checks it. Nothing of it runs.
import fs from 'node:fs'
import libmigrateDefault, {
  AbortError,
  LockedError,
  MigrateError,
  MigrationsPending,
  Migrator,
  SqlError,
  has,
  options,
  readiness,
  rules,
  startup,
  version,
  type Connection,
  type Driver,
  type DriverRows,
  type Event,
  type Migration,
  type MigratorOptions,
  type Plan,
  type Report,
  type Run
} from 'libmigrate'
import plugin from 'libmigrate/fastify'
import Fastify from 'fastify'
import pg from 'pg'

const ending: AbortController = new AbortController()
const fill: Migration = {
  id: '007_fill',
  up: async (connection: Connection) => {
    await connection.execute('SELECT 1')
  },
  version: 2
}
const given: MigratorOptions = {
  dir: new URL('./migrations', import.meta.url),
  mode: 'apply',
  waitTimeout: 30_000,
  runDeadline: '5min',
  onAhead: 'warn',
  fingerprint: true,
  migrations: [fill, { id: '008_text', up: 'SELECT 1', down: null }],
  backupMaxBytes: '500MB',
  ddlLockAttempts: 3,
  onEvent: (event: Event) => console.log(event.level, event.message, event.waitedMs?.toFixed(1)),
  onBackup: async job => {
    await fs.promises.writeFile(job.file, job.tables.join(), { signal: job.signal })
  }
}

export async function start(): Promise<readonly string[]> {
  try {
    const report: Report = await startup('postgresql:///app', {
      ...given,
      signal: ending.signal,
      stopSignal: AbortSignal.timeout(1000)
    })
    return report.applied
  } catch (error) {
    if (error instanceof MigrationsPending) return [String(error.report.pending)]
    if (error instanceof AbortError || error instanceof LockedError) return [error.code]
    if (error instanceof SqlError) return [error.sqlstate ?? '', `${error.file}:${error.line}`]
    if (error instanceof MigrateError && error.class === 'retry') return [error.summary]
    throw error
  }
}

export const rows: readonly DriverRows[] = [
  { columns: ['id', 'name'], values: ['1', null] },
  { columns: 1, values: [new Uint8Array(1)] }
]

export async function more(pool: pg.Pool, driver: Driver): Promise<void> {
  const migrator = new Migrator({ connection: pool, ...given })
  const plan: Plan = await migrator.plan('+1', { signal: ending.signal })
  for (const step of plan) console.log(step.id.toUpperCase(), step.direction === 'up')
  console.log((await plan.sql()).length, plan.length)
  await migrator.apply(plan)
  await migrator.apply('001_users')
  await migrator.apply({ signal: ending.signal })
  const run: Run = await migrator.run()
  while (await run.step());
  console.log((await run.end()).waitedMs)
  const first = (await migrator.history()).events[0]
  console.log(
    first?.at?.toISOString(),
    (await migrator.status()).migrations.map(migration => migration.state)
  )
  await migrator.mark('applied', { id: '001_users', reason: 'by hand' })
  await migrator.protect(true, { reason: 'precious' })
  for await (const event of migrator.events()) console.log(event.name)
  await migrator[Symbol.asyncDispose]()
  await Migrator.forFiles({ dir: 'migrations', engine: 'sqlite' }).check('source')
  await startup({ connection: driver, dir: 'migrations' })
  const { ready, reason } = await readiness('sqlite:app.db', { dir: 'migrations' })()
  console.log(ready, reason, version, has('sqlite'), rules()[0]?.rule, options()[0]?.help, libmigrateDefault.version)
}

export async function server(): Promise<void> {
  const app = Fastify({ pluginTimeout: 0 })
  await app.register(plugin, { url: 'postgresql:///app', dir: 'migrations', signal: ending.signal })
  console.log(app.migrateReport.changed, (await app.migrateReady()).reason)
}

// @ts-expect-error there is no such option
export const wrong = new Migrator('sqlite:x', { waitTimeouts: 1 })
// @ts-expect-error there is no such mode
export const wrongMode = startup('sqlite:x', { mode: 'sometimes' })
// @ts-expect-error up and down are of one kind
export const mixed: Migration = { id: '1', up: 'SELECT 1', down: () => {} }
// @ts-expect-error a history entry wants a reason
export const noReason = (migrator: Migrator) => migrator.mark('applied', { id: '1' })
