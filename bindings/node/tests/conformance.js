// SPDX-License-Identifier: MIT
// The conformance suite (tests/conformance of the repository): the same cases in every language. Its README says what a runner does.
// Each case runs by URL, and on the application's own connection.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { MigrateError, Migrator } from 'libmigrate'
import { match } from './matching.js'
import { ENGINES, newDatabase, newFolder, skipOn, writeFiles } from './support.js'
import { wordsOf, wordsOfError, wordsOfReport } from './words.js'

const CASES = process.env.LIBMIGRATE_CONFORMANCE
assert.ok(CASES, 'LIBMIGRATE_CONFORMANCE is the folder of the cases')

// Cases that cannot pass on an application's own connection, and why.
const NO_PLACE = 'SQLite tells the place within a statement, but no client for JavaScript hands it on: a place is the statement'
const NO_BACKUP = 'a backup takes a second connection, and the library does not open one beside a driver that is not its own'
const NO_SCRATCH = 'a scratch database takes a second connection, too'
const NOT_ON_OWN_CONNECTIONS = {
  sqlite: {
    backup_before_a_loss: NO_BACKUP,
    backup_not_needed: NO_BACKUP,
    fail_in_the_middle: NO_PLACE,
    place_behind_comments: NO_PLACE,
    place_byte_order_mark: NO_PLACE,
    place_characters: NO_PLACE,
    place_crlf: NO_PLACE,
    place_in_down_file: NO_PLACE,
    place_in_rollback: NO_PLACE,
    place_of_a_word: NO_PLACE,
    rehearse: NO_PLACE,
    rollback_generated: NO_SCRATCH
  },
  postgresql: {
    sql_copy: "a driver's statements have no room for the rows of COPY ... FROM stdin",
    sql_settings_do_not_leak:
      'its statement_timeout of 1 ms counts for the row of the history, too, which is a statement of its own there'
  }
}

const report =
  call =>
  async (...given) =>
    wordsOfReport(await call(...given))
const table =
  (rowsName, call) =>
  async (...given) =>
    wordsOf(await call(...given), rowsName)

/** do: [inputs, call]. A call gets the migrator and its inputs. */
const CALLS = {
  open: [
    [],
    async m => {
      await m.open()
      return {}
    }
  ],
  plan: [
    ['target'],
    async (m, target, world) => {
      world.plan = await m.plan(target)
      return { ...wordsOf(world.plan, 'steps'), findings: world.plan.findings.length }
    }
  ],
  plan_findings: [['target'], async (m, target) => wordsOf((await m.plan(target)).findings)],
  plan_sql: [['target'], async (m, target) => ({ sql: await (await m.plan(target)).sql() })],
  apply: [['planned', 'target'], report((m, planned, target, world) => m.apply(planned ? world.plan : target))],
  rollback: [['target'], report((m, target) => m.rollback(target))],
  startup: [[], report(m => m.startupOnce())],
  run: [
    ['target'],
    report(async (m, target) => {
      const run = await m.run(target)
      while (await run.step());
      return await run.end()
    })
  ],
  history: [[], table('events', m => m.history())],
  status: [[], table('migrations', m => m.status())],
  snapshot: [[], table('facts', m => m.snapshot())],
  diff: [[], table('differences', m => m.diff())],
  backup: [[], async m => wordsOf([await m.backup()])],
  backups: [[], table('backups', m => m.backups())],
  check: [['depth'], table('findings', (m, depth) => m.check(depth))],
  check_files: [['depth'], table('findings', (m, depth) => m.check(depth))],
  graph: [['of', 'at'], table('parts', (m, of, at) => m.graph(of, { at }))],
  mark: [['as', 'id', 'reason'], report((m, as, id, reason) => m.mark(as, { id, reason }))],
  baseline: [['target', 'reason'], report((m, target, reason) => m.baseline({ target, reason }))],
  baseline_from_table: [
    ['table', 'column', 'reason'],
    report((m, name, column, reason) => m.baselineFromTable(name, column, { reason }))
  ],
  rehearse: [['target'], table('statements', (m, target) => m.rehearse(target))],
  verify: [['target'], table('migrations', (m, target) => m.verify(target))],
  generate: [['to'], table('leftOut', (m, to) => m.generate(to))],
  generate_down: [['id'], table('none', (m, id) => m.generateDown(id))],
  reconcile: [['mode'], table('facts', (m, mode) => m.reconcile(mode))],
  protect: [['on', 'reason'], report((m, on, reason) => m.protect(on, { reason }))],
  restore: [['file'], report((m, file) => m.restore(file))]
}
const INPUTS = ['do', 'expect', 'options', 'url', 'cancel_at', 'stop_at']

/** What the binding tells by a truth value is a code of the library. */
function codeOf(what, result) {
  if (result.stopped === true) return 'stopped'
  if (['check', 'check_files'].includes(what)) return result.ok ? 'ok' : 'findings'
  if (['verify', 'diff', 'reconcile'].includes(what)) return result.ok ? 'ok' : 'differs'
  return what === 'generate' && result.differs ? 'differs' : 'ok'
}

const GONE = Symbol('gone')

/** The value under the engine in use, everywhere. */
function chosen(value, engine) {
  if (Array.isArray(value)) return value.map(item => chosen(item, engine)).filter(item => item !== GONE)
  if (typeof value !== 'object' || value === null) return value
  const names = Object.keys(value)
  if (names.length > 0 && names.every(name => ENGINES.includes(name)))
    return engine in value ? chosen(value[engine], engine) : GONE
  return Object.fromEntries(names.map(name => [name, chosen(value[name], engine)]).filter(([, item]) => item !== GONE))
}

function replaced(value, words) {
  if (typeof value === 'string') return Object.entries(words).reduce((text, [word, by]) => text.replaceAll(word, by), value)
  if (Array.isArray(value)) return value.map(item => replaced(item, words))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [replaced(name, words), replaced(item, words)]))
}

/** One case: its database, its folders, the plan that is kept. */
class World {
  plan = null
  #kept = null

  constructor(given, database, folder, own) {
    this.database = database
    this.folder = join(folder, 'own')
    this.dir = join(this.folder, 'migrations')
    this.own = own
    mkdirSync(this.dir, { recursive: true })
    const words = { '${dir}': this.dir, '${folder}': this.folder, '${url}': database.url, '${database}': database.name }
    this.case = replaced(chosen(given, database.engine), words)
  }

  async end() {
    await this.#kept?.close()
    this.#kept = this.plan = null
  }

  async step(step) {
    switch (step.do) {
      case 'files':
        return writeFiles(this.dir, step.files)
      case 'sql':
        return await this.database.script(step.sql)
      case 'tables':
        return match(await this.database.tables(), step.expect, 'tables')
      case 'query':
        return match(await this.database.query(step.sql), step.expect, 'rows')
    }
    assert.ok(step.do in CALLS, `the runner does not know ${step.do}`)
    const unknown = Object.keys(step).filter(name => !INPUTS.includes(name) && !CALLS[step.do][0].includes(name))
    assert.deepEqual(unknown, [], 'the runner does not know these inputs')
    match(await this.#answer(step), { code: 'ok', ...step.expect }, step.do)
  }

  async #answer(step) {
    const events = []
    let answer, migrator
    this.hear = event => {
      events.push(event.name)
      if (event.name !== 'step') return
      if (event.id === step.cancel_at) migrator.cancel()
      if (event.id === step.stop_at) migrator.stop()
    }
    try {
      migrator = await this.#migrator(step)
      answer = await this.#call(step, migrator)
    } catch (error) {
      if (!(error instanceof MigrateError)) throw error
      answer = error.report
        ? { ...wordsOfReport(error.report), code: error.code }
        : { code: error.code, error: wordsOfError(error) }
    } finally {
      if (step.do === 'plan') this.#kept = migrator
      else if (migrator !== this.#kept) await migrator?.close()
    }
    return { ...replaced(JSON.parse(JSON.stringify(answer)), { [this.dir + '/']: '' }), events }
  }

  async #migrator(step) {
    if (step.do === 'apply' && step.planned) return this.#kept
    await this.end()
    const given = { dir: this.dir, wait_timeout: '10s', ...this.case.options, ...step.options }
    const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
    options.onEvent = event => this.hear(event)
    if (step.do === 'check_files') return Migrator.forFiles({ ...options, engine: this.database.engine })
    // A driver that is not the library's own gives it no second connection: scratch databases need a URL.
    if (this.own && this.database.engine === 'postgresql') options.shadow_url ??= this.database.url
    if (this.own && step.url === undefined) return new Migrator({ ...options, connection: this.own })
    return new Migrator(step.url ?? this.database.url, options)
  }

  async #call(step, migrator) {
    const [inputs, call] = CALLS[step.do]
    let whole
    const spied = new Proxy(migrator, {
      get: (target, name) =>
        typeof target[name] !== 'function' ? target[name] : async (...given) => (whole = await target[name](...given))
    })
    const words = await call(spied, ...inputs.map(name => step[name]), this)
    return { ...words, code: codeOf(step.do, whole ?? {}) }
  }
}

async function runCase(t, path, engine, own) {
  const given = JSON.parse(readFileSync(path, 'utf8'))
  const database = await newDatabase(t, engine)
  const host = own ? await database.connect() : null
  const world = new World(given, database, newFolder(t), host?.connection)
  try {
    writeFiles(world.dir, world.case.files ?? {})
    if (world.case.database) await database.script(world.case.database)
    for (const [number, step] of world.case.steps.entries()) {
      await world.step(step).catch(error => {
        error.message = `step ${number + 1}, ${step.do}: ${error.message}`
        throw error
      })
    }
  } finally {
    await world.end()
    await host?.end()
  }
}

const cases = readdirSync(CASES)
  .filter(name => name.endsWith('.json'))
  .sort()
assert.ok(cases.length >= 60, `there are ${cases.length} cases in ${CASES}`)

/** All cases, by URL and on the application's own connection, as tests of node:test. ways: which of the two. */
export function testCases(engine, ways = ['by URL', 'own connection']) {
  for (const way of ways) {
    const own = way === 'own connection'
    test(`${engine}, ${way}`, { skip: skipOn(engine) }, async t => {
      for (const file of cases) {
        const name = basename(file, '.json')
        const { engine: only = 'any', connection } = JSON.parse(readFileSync(join(CASES, file), 'utf8'))
        if (only !== 'any' && only !== engine) continue
        if (own && (connection === 'url' || name in NOT_ON_OWN_CONNECTIONS[engine])) continue
        // LIBMIGRATE_CASE=name: for whoever looks into one case
        if (process.env.LIBMIGRATE_CASE && !name.startsWith(process.env.LIBMIGRATE_CASE)) continue
        await t.test(name, t => runCase(t, join(CASES, file), engine, own))
      }
    })
  }
}
