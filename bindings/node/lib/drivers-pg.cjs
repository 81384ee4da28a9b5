// SPDX-License-Identifier: MIT
// pg's Client (and what its Pool hands out).
'use strict'

const asItIs = { getTypeParser: () => value => value }
const LOST = '08006'

class PgDriver {
  engine = 'postgresql'
  #client
  #status = null
  #interrupting = null
  #note = message => {
    this.#status = message.status
  }

  constructor(client) {
    this.#client = client
  }

  /** The server tells with each answer whether a transaction is open; nothing was heard of what came before. */
  async enter() {
    this.#client.connection?.on('readyForQuery', this.#note)
    this.#status = this.#client.getTransactionStatus?.() ?? null
    if (this.#status === null) await this.#client.query('SELECT 1').catch(() => {})
  }

  async leave() {
    await this.#interrupting
    this.#client.connection?.off('readyForQuery', this.#note)
  }

  /** A cancel that is on its way must not meet the next statement. */
  async run(sql) {
    await this.#interrupting
    const { rows, fields } = await this.#client.query({ text: sql, rowMode: 'array', types: asItIs })
    const columns = fields?.map(field => field.name) ?? []
    return { columns, values: columns.length === 0 ? [] : rows.flat() }
  }

  failure(error) {
    const state = /^[0-9A-Z]{5}$/.test(error.code ?? '') ? error.code : null
    const lost = state === null || this.#client._ended === true
    return { message: error.message, sqlstate: lost ? LOST : state, position: Number(error.position ?? 0) }
  }

  inTransaction() {
    return this.#status !== null && this.#status !== 'I'
  }

  interrupt() {
    this.#interrupting ??= this.#cancel()
      .catch(() => {})
      .finally(() => {
        this.#interrupting = null
      })
  }

  /** From a connection beside it, made as it was. */
  async #cancel() {
    const client = this.#client
    const beside = new client.constructor(client.connectionParameters)
    beside.on('error', () => {})
    await beside.connect()
    try {
      await beside.query(`SELECT pg_cancel_backend(${Number(client.processID)})`)
    } finally {
      await beside.end()
    }
  }
}

/** One client of the pool for as long as the session is open. */
class PgPoolDriver {
  engine = 'postgresql'
  #pool
  #client = null
  #driver = null

  constructor(pool) {
    this.#pool = pool
  }

  async enter() {
    if (this.#client === null) {
      this.#client = await this.#pool.connect()
      this.#driver = new PgDriver(this.#client)
    }
    await this.#driver.enter()
  }

  leave() {
    return this.#driver.leave()
  }
  run(sql) {
    return this.#driver.run(sql)
  }
  failure(error) {
    return this.#driver.failure(error)
  }
  inTransaction() {
    return this.#driver.inTransaction()
  }
  interrupt() {
    this.#driver?.interrupt()
  }

  close() {
    const client = this.#client
    this.#client = this.#driver = null
    client?.release()
  }
}

module.exports = { PgDriver, PgPoolDriver }
