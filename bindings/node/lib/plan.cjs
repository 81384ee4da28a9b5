// SPDX-License-Identifier: MIT
// A plan for review, and a run that the program pulls step by step.
'use strict'

const results = require('./results.cjs')

/** What would run. Migrator.apply(plan) does exactly that, or rejects with StaleError. */
class Plan {
  #sql

  constructor({ plan, rows, findings }, sql) {
    Object.assign(this, results.table(rows, 'steps', { findings: results.rows(findings) }))
    Object.defineProperty(this, 'handle', { value: plan })
    this.#sql = sql
    Object.freeze(this)
  }

  /** The SQL as it would be sent; psql and sqlite3 can run it. */
  async sql() {
    return await this.#sql(this)
  }

  get length() {
    return this.steps.length
  }

  [Symbol.iterator]() {
    return this.steps[Symbol.iterator]()
  }
}

/** Each step() has committed when it resolves. end() gives the report, and has to be called; `await using` does that, too. */
class Run {
  #step
  #end
  #ended = null

  constructor(step, end) {
    this.#step = step
    this.#end = end
  }

  /** True: a step was done, call again. False: nothing was left, or the run was stopped. */
  async step(options) {
    return await this.#step(options)
  }

  async end() {
    this.#ended ??= this.#end()
    return await this.#ended
  }

  async [Symbol.asyncDispose]() {
    await this.end()
  }
}

module.exports = { Plan, Run }
