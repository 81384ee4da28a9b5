// SPDX-License-Identifier: MIT
// Migrator: a database with its migrations.
'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { fileURLToPath } = require('node:url')
const native = require('./native.cjs')
const results = require('./results.cjs')
const { Callbacks } = require('./callbacks.cjs')
const { driverFor } = require('./drivers.cjs')
const { MigrationsPending, RunStopped, CancelledError, errorOf, misuse, aborted, unconnected } = require('./errors.cjs')
const { EventQueue } = require('./events.cjs')
const { optionPairs } = require('./options.cjs')
const { Plan, Run } = require('./plan.cjs')
const { sourceOf } = require('./sources.cjs')

const pathOf = place => (place instanceof URL ? fileURLToPath(place) : place)
const isOptions = thing => typeof thing === 'object' && thing !== null && !(thing instanceof Plan)

/** (value, options) or (options) */
const split = (first, second) => (isOptions(first) ? [undefined, first] : [first, second ?? {}])

class Migrator {
  #handle
  #callbacks
  #driver
  #opened = false
  #spent = false
  #closed = false
  #busy = false
  #pulled = false
  #tail = Promise.resolve()
  static #inside = new AsyncLocalStorage()

  /** (url, options), or (options) with url or connection in them. */
  constructor(first, second) {
    const [url, given] = first instanceof URL ? [first, second ?? {}] : split(first, second)
    const {
      connection,
      migrations,
      schema,
      freshSchema,
      environment = false,
      onEvent,
      onBackup,
      onlyFiles = false,
      engine,
      ...options
    } = given
    if (connection !== undefined && (url ?? options.url) !== undefined) throw misuse('Migrator: url or connection, not both')
    const functions = []
    this.#driver = connection === undefined ? null : driverFor(connection)
    const declared = typeof schema === 'function' ? functions.push({ up: schema }) - 1 : schema
    const made = native.create({
      options: optionPairs({ ...options, ...(url === undefined ? {} : { url }) }),
      environment,
      source: sourceOf(migrations, freshSchema, functions),
      declared,
      driver: this.#driver?.engine,
      backup: onBackup !== undefined,
      onlyFiles,
      engine
    })
    if ('text' in made) throw errorOf(made)
    this.#handle = made
    this.#callbacks = new Callbacks({
      handle: made,
      driver: this.#driver,
      functions,
      onEvent,
      onBackup,
      around: body => Migrator.#inside.run(this, body)
    })
  }

  /** The migrations alone, without any database, for check() and graph(). */
  static forFiles(options) {
    return new Migrator({ ...options, onlyFiles: true })
  }

  /** Connects; the first call does it by itself. */
  async open({ signal } = {}) {
    await this.#exclusive(() => this.#ready(signal), signal)
    return this
  }

  /** Waits for what runs, then closes the session. The application's own connection stays open. */
  async close() {
    if (this.#closed) return
    await this.#exclusive(async () => {
      if (this.#closed) return
      this.#closed = true
      try {
        if (this.#opened) await this.#invoke('close', {})
      } finally {
        await this.#driver?.close?.()
        this.#callbacks.end()
      }
    })
  }

  async [Symbol.asyncDispose]() {
    await this.close()
  }

  /** Ends the call that runs: its statement is cancelled, its migration rolled back, CancelledError thrown. Later calls work again. */
  cancel() {
    if (!this.#busy && !this.#pulled) return
    this.#spent = true
    this.#callbacks.cancel()
    native.cancel(this.#handle)
    if (this.#callbacks.statementRuns) this.#driver.interrupt?.()
  }

  /** Ends the call that runs at the next safe point: Report.stopped. */
  stop() {
    if (!this.#busy && !this.#pulled) return
    this.#spent = true
    native.stop(this.#handle)
  }

  /** Events as they come, of all calls from now on, until close(). */
  events() {
    const queue = new EventQueue(ended => this.#callbacks.remove(ended))
    this.#callbacks.add(queue)
    return queue
  }

  // Calling

  /** One call at a time, in the order in which they were asked for. */
  async #exclusive(body, signal) {
    if (Migrator.#inside.getStore() === this) throw misuse('the Migrator is in use: a callback of its own calls it')
    const before = this.#tail
    let release
    this.#tail = new Promise(resolve => {
      release = resolve
    })
    await before
    try {
      if (signal?.aborted) throw aborted(signal)
      return await body()
    } finally {
      release()
    }
  }

  async #ready(signal) {
    if (this.#closed) throw misuse('the Migrator was closed')
    if (this.#opened && !this.#spent) return
    this.#opened = this.#spent = false
    await this.#invoke('open', { signal })
    this.#opened = true
  }

  /** One call of the library, with what its callbacks threw. */
  async #invoke(verb, { texts = [], number, plan, signal, stopSignal }) {
    const cancel = () => this.cancel()
    const stop = () => this.stop()
    await this.#enter()
    this.#busy = true
    this.#callbacks.begin()
    signal?.addEventListener('abort', cancel, { once: true })
    stopSignal?.addEventListener('abort', stop, { once: true })
    try {
      const stopped = stopSignal?.aborted === true
      this.#spent ||= stopped
      const pending = native.call(this.#handle, this.#callbacks.dispatch, verb, texts, number, plan, stopped)
      if (signal?.aborted) cancel()
      return this.#settle(await pending, signal)
    } finally {
      signal?.removeEventListener('abort', cancel)
      stopSignal?.removeEventListener('abort', stop)
      this.#busy = false
      await this.#driver?.leave?.()
    }
  }

  async #enter() {
    try {
      await this.#driver?.enter?.()
    } catch (error) {
      throw unconnected(error)
    }
  }

  #settle(outcome, signal) {
    const thrown = this.#callbacks.take()
    if (outcome.error === undefined) return outcome
    const error = errorOf(outcome.error, thrown)
    if (error instanceof CancelledError) {
      if (signal?.aborted) throw aborted(signal, { ...error, summary: error.summary })
      if (thrown !== undefined && !this.#spent) throw thrown
    }
    throw error
  }

  async #call(verb, texts = [], { signal, stopSignal, number, plan } = {}) {
    return await this.#exclusive(async () => {
      await this.#ready(signal)
      return await this.#invoke(verb, { texts, number, plan, signal, stopSignal })
    }, signal)
  }

  async #table(rowsName, verb, texts, options, more = () => ({})) {
    const { code, rows } = await this.#call(verb, texts, options)
    return results.table(rows, rowsName, more(code))
  }

  async #report(verb, texts, options) {
    const { code, rows } = await this.#call(verb, texts, options)
    return results.report(rows, code)
  }

  // The verbs

  /** What would run. Targets: nothing (everything pending), "+2", an id or its unique prefix, "only:ID". */
  async plan(target, options) {
    const [wanted, { signal }] = split(target, options)
    return new Plan(
      await this.#call('plan', [wanted], { signal }),
      async plan => (await this.#call('plan_sql', [], { plan: plan.handle })).rows
    )
  }

  /** Runs a plan as reviewed, everything up to a target, or everything pending. */
  async apply(plan, options) {
    const [wanted, { signal }] = split(plan, options)
    const made = typeof wanted === 'string' ? await this.plan(wanted, { signal }) : wanted
    return await this.#report('apply', [], { plan: made?.handle, signal })
  }

  /** Rolls back: nothing (the last one), "-2", an id (so that it is the last applied one), "empty", "only:ID". */
  async rollback(target, options) {
    const [wanted, { signal }] = split(target, options)
    return await this.#report('rollback', [wanted], { signal })
  }

  /** The lifespan hook, by the option mode (apply, check, wait, off). Throws MigrationsPending in mode check. */
  async startup({ signal, stopSignal } = {}) {
    return started(await this.#call('startup_session', [], { signal, stopSignal }))
  }

  /** By URL in one call of the library, which opens nothing in mode off. For startup(). */
  async startupOnce(options = {}) {
    if (this.#driver !== null) return await this.startup(options)
    return started(await this.#exclusive(() => this.#invoke('startup', options), options.signal))
  }

  /** A run that the program pulls: step() until it says false, then end(). */
  async run(plan, options) {
    const [wanted, { signal }] = split(plan, options)
    const made = typeof wanted === 'string' ? await this.plan(wanted, { signal }) : wanted
    await this.#call('run_begin', [], { plan: made?.handle, signal })
    this.#pulled = true
    let stopped = false
    const go = (verb, more = {}) => this.#exclusive(() => this.#invoke(verb, more), more.signal)
    return new Run(
      async (more = {}) => {
        const { code } = await go('run_step', more)
        stopped = code === 'stopped'
        return code === 'more'
      },
      async () => {
        this.#pulled = false
        const { rows } = await go('run_end')
        return results.report(rows, stopped ? 'stopped' : 'ok')
      }
    )
  }

  /** Where the database is, and every migration of the source and of the history. */
  async status(options) {
    return await this.#table('migrations', 'status', [], options)
  }

  /** Every event in the history, oldest first. */
  async history(options) {
    return await this.#table('events', 'history', [], options)
  }

  /** The schema, as facts and as SQL that makes it. */
  async snapshot(options) {
    return await this.#table('facts', 'snapshot', [], options)
  }

  /** Up, down and up in a scratch database: do the rollback texts lead back? */
  async verify(target, options) {
    const [wanted, { signal }] = split(target, options)
    return await this.#table('migrations', 'verify', [wanted], { signal }, code => ({ ok: code === 'ok' }))
  }

  /** Runs a plan for real, and rolls it back: what it costs, what it locks. */
  async rehearse(plan, options) {
    const [wanted, { signal }] = split(plan, options)
    const made = typeof wanted === 'string' ? await this.plan(wanted, { signal }) : wanted
    return await this.#table('statements', 'rehearse', [], { plan: made?.handle, signal })
  }

  /** Was the schema changed by somebody else than the migrations? */
  async diff(options) {
    return await this.#table('differences', 'diff', [], options, code => ({ ok: code === 'ok' }))
  }

  /** The migration that leads to another schema: SQL, a URL, or nothing: the declared one. */
  async generate(to, options) {
    const [wanted, { signal }] = to instanceof URL ? [to.href, options ?? {}] : split(to, options)
    return await this.#table('leftOut', 'generate', [wanted], { signal }, code => ({ differs: code === 'differs' }))
  }

  /** The rollback text that can be generated for one migration. */
  async generateDown(id, options) {
    const { rows } = await this.#call('generate_down', [id], options)
    const { rows: none, ...values } = JSON.parse(rows)
    return results.row(values)
  }

  /** Brings in what is missing of the declared schema; mode report changes nothing, apply does. */
  async reconcile(mode = 'report', options) {
    return await this.#table('facts', 'reconcile', [mode], options, code => ({ ok: code === 'ok' }))
  }

  /** What is wrong with the migrations: depth source, nothing, or database. */
  async check(depth, options) {
    const [wanted, { signal }] = split(depth, options)
    return await this.#table('findings', 'check', [wanted], { signal }, code => ({ ok: code === 'ok' }))
  }

  /** Do the migrations fit to those of another side, before a merge? */
  async checkAgainst(dir, { base, signal } = {}) {
    const texts = [pathOf(dir), pathOf(base)]
    return await this.#table('findings', 'check_against', texts, { signal }, code => ({ ok: code === 'ok' }))
  }

  /** Who needs whom: of migrations, declared or tables. */
  async graph(of, { at, signal } = {}) {
    return await this.#table('parts', 'graph', [of, at], { signal })
  }

  /** Makes a backup now. */
  async backup(options) {
    const { rows } = await this.#call('backup', [], options)
    return results.rows(rows)[0]
  }

  /** The backups of this database, the newest first. */
  async backups(options) {
    const { rows } = await this.#call('backups', [], options)
    return results.rows(rows)
  }

  /** Brings the contents of a backup back; nothing: of the newest. Needs the option confirm. */
  async restore(file, options) {
    const [wanted, { signal }] = file instanceof URL ? [fileURLToPath(file), options ?? {}] : split(file, options)
    return await this.#report('restore', [wanted], { signal })
  }

  /** Marks the database as one whose data are precious, or not. */
  async protect(on = true, { reason, signal } = {}) {
    return await this.#report('protect', [reason], { number: on ? 1 : 0, signal })
  }

  /** Writes the history alone: as applied, forgotten, accept-checksum, renamed. */
  async mark(as, { id, reason, signal } = {}) {
    return await this.#report('mark', [as, id, reason], { signal })
  }

  /** Adopts a database that was built without libmigrate: everything up to target counts as applied. */
  async baseline({ target, reason, signal } = {}) {
    return await this.#report('baseline', [target, reason], { signal })
  }

  /** The same from a table of the former tool. */
  async baselineFromTable(table, column, { reason, signal } = {}) {
    return await this.#report('baseline_from_table', [table, column, reason], { signal })
  }
}

/** The report of a start-up, unless its answer is that the program must not start. */
function started({ code, rows }) {
  const report = results.report(rows, code)
  const because = { code, class: 'state', report }
  if (code === 'pending')
    throw new MigrationsPending(`${report.pending} migrations are pending, and mode=check does not apply them`, because)
  if (code === 'stopped') throw new RunStopped('the migrations ended early, at a safe point; start again to go on', because)
  return report
}

module.exports = { Migrator }
