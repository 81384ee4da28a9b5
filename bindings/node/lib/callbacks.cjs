// SPDX-License-Identifier: MIT
// What the library's thread asks while a call runs: events, functions, backups, statements of the application's own connection.
'use strict'

const native = require('./native.cjs')
const results = require('./results.cjs')
const { Connection } = require('./connection.cjs')
const { millisecondsOf } = require('./options.cjs')

const sayWhat = error => String(error instanceof Error ? `${error.name}: ${error.message}` : error).replaceAll('\0', ' ')
const isPromise = thing => typeof thing?.then === 'function'

class Callbacks {
  #handle
  #driver
  #functions
  #onEvent
  #onBackup
  #around
  #queues = new Set()
  #thrown
  #cancelled = new AbortController()
  #backups = new Map()
  #limit
  #timer
  statementRuns = false

  constructor({ handle, driver, functions, onEvent, onBackup, around }) {
    this.#handle = handle
    this.#driver = driver
    this.#functions = functions
    this.#onEvent = onEvent
    this.#onBackup = onBackup
    this.#around = around
    this.#limit = driver?.interrupt === undefined ? undefined : millisecondsOf(native.option(handle, 'run_deadline'))
    this.#listen()
  }

  add(queue) {
    this.#queues.add(queue)
    this.#listen()
  }

  remove(queue) {
    this.#queues.delete(queue)
    this.#listen()
  }

  #listen() {
    native.listen(this.#handle, this.#onEvent !== undefined || this.#queues.size > 0 || this.#limit !== undefined)
  }

  /** The migrator was closed. */
  end() {
    for (const queue of [...this.#queues]) queue.end()
  }

  begin() {
    this.#thrown = undefined
    if (this.#cancelled.signal.aborted) this.#cancelled = new AbortController()
  }

  cancel() {
    this.#cancelled.abort()
  }

  /** The call is over: what a callback threw during it. */
  take() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const thrown = this.#thrown
    this.#thrown = undefined
    return thrown
  }

  /** Never throws, and answers each request. */
  dispatch = (kind, number, first, second) => {
    switch (kind) {
      case 'event':
        return this.#settled(number, () => this.#event(first))
      case 'code':
        return this.#settled(number, () => this.#code(number, first, second))
      case 'backup':
        return this.#settled(number, () => this.#backup(number, first))
      case 'state':
        return this.#settled(number, () => this.#driver.inTransaction(), Number)
      case 'statement':
        return this.#statement(number, first)
      case 'give_up':
        return this.#backups.get(number)?.abort()
    }
  }

  #settled(number, body, answerOf = () => 0) {
    const settle = value => native.answer(this.#handle, number, answerOf(value))
    this.#answer(body, settle, error => {
      this.#thrown ??= error
      native.answerFailure(this.#handle, number, sayWhat(error), undefined, undefined, 0, 0)
    })
  }

  #answer(body, settle, fail) {
    try {
      const outcome = this.#around(body)
      if (isPromise(outcome)) outcome.then(settle).catch(fail)
      else settle(outcome)
    } catch (error) {
      fail(error)
    }
  }

  /** runDeadline counts from here on. The library sees between two statements that it is over; one that runs is ended from here. */
  #workBegins() {
    this.#timer ??= setTimeout(() => {
      if (this.statementRuns) this.#driver.interrupt()
    }, this.#limit + 20)
  }

  #event(told) {
    const event = results.event(told)
    if (this.#limit !== undefined && (event.name === 'plan' || event.name === 'step')) this.#workBegins()
    for (const queue of this.#queues) queue.push(event)
    return this.#onEvent?.(event)
  }

  async #code(number, which, engine) {
    const { up, down } = this.#functions[which >> 1]
    const connection = new Connection(this.#handle, number, engine, this.#cancelled.signal)
    try {
      await (which & 1 ? down : up)(connection)
    } finally {
      await connection.end()
    }
  }

  async #backup(number, job) {
    const controller = new AbortController()
    this.#backups.set(number, controller)
    try {
      await this.#onBackup(Object.freeze({ ...job, tables: Object.freeze(job.tables), signal: controller.signal }))
    } finally {
      this.#backups.delete(number)
    }
  }

  #statement(number, sql) {
    this.statementRuns = true
    this.#answer(
      () => this.#driver.run(sql),
      ({ columns, values }) => {
        this.statementRuns = false
        native.answerRows(this.#handle, number, columns, values)
      },
      error => {
        this.statementRuns = false
        const { message, sqlstate, driverCode, position } = this.#driver.failure?.(error) ?? { message: sayWhat(error) }
        native.answerFailure(
          this.#handle,
          number,
          message.replaceAll('\0', ' '),
          undefined,
          sqlstate,
          driverCode ?? 0,
          position ?? 0
        )
      }
    )
  }
}

module.exports = { Callbacks }
