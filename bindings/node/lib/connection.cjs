// SPDX-License-Identifier: MIT
// What a migration in JavaScript works on.
'use strict'

const native = require('./native.cjs')
const { errorOf, misuse } = require('./errors.cjs')

const EXEC = 0
const QUERY = 1
const QUOTE = 2

/** The open connection inside a migration's transaction, until the function's promise settles. */
class Connection {
  #handle
  #number
  #tail = Promise.resolve()

  constructor(handle, number, engine, signal) {
    this.#handle = handle
    this.#number = number
    this.engine = engine
    this.signal = signal
  }

  /** Runs SQL text, one or more statements. */
  async execute(sql) {
    await this.#work(EXEC, sql)
  }

  /** Runs one statement; its rows, with every value as text or null. */
  async query(sql) {
    return JSON.parse(await this.#work(QUERY, sql)).rows
  }

  /** A text as a literal of the engine's SQL, quotes included. */
  async quote(text) {
    return this.#work(QUOTE, text)
  }

  /** One statement at a time, in the order of the calls. */
  async #work(kind, sql) {
    const before = this.#tail
    const mine = before.then(() => this.#start(kind, sql))
    this.#tail = mine.catch(() => {})
    const { answer, error } = await mine
    if (error) throw errorOf(error)
    return answer
  }

  #start(kind, sql) {
    if (typeof sql !== 'string') throw new TypeError('a migration works with texts of SQL')
    const outcome = this.#handle === null ? null : native.work(this.#handle, this.#number, kind, sql)
    if (outcome === null) throw misuse("a migration's connection must not be used behind the end of its function")
    return outcome
  }

  /** Behind the function: what it began and did not wait for comes to its end. */
  async end() {
    let seen
    while (seen !== this.#tail) {
      seen = this.#tail
      await seen
    }
    this.#handle = null
  }
}

module.exports = { Connection }
