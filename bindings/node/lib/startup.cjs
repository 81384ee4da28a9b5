// SPDX-License-Identifier: MIT
// The lifespan hook in one call, and a readiness check that goes with it.
'use strict'

const { MigrateError } = require('./errors.cjs')
const { Migrator } = require('./migrator.cjs')

/**
 * Brings the database to the schema of this program, by the option mode (apply, check, wait, off). Arguments as of Migrator, and
 * signal: an AbortSignal that cancels, stopSignal: one that ends the run at its next safe point.
 */
async function startup(first, second) {
  const [url, { signal, stopSignal, ...options }] =
    typeof first === 'string' || first instanceof URL ? [first, second ?? {}] : [undefined, first ?? second ?? {}]
  const migrator = url === undefined ? new Migrator(options) : new Migrator(url, options)
  try {
    return await migrator.startupOnce({ signal, stopSignal })
  } finally {
    await migrator.close()
  }
}

/**
 * const ready = readiness(url, options); const { ready: yes, reason } = await ready()
 * Ready where the schema is equal to the program's, or compatibly ahead of it. It only looks (mode check), and opens a connection each
 * time: ask it every few seconds.
 */
function readiness(first, second) {
  const isUrl = typeof first === 'string' || first instanceof URL
  const options = { waitTimeout: '2s', ...(isUrl ? second : first), mode: 'check' }
  return async () => {
    try {
      await (isUrl ? startup(first, options) : startup(options))
      return { ready: true, reason: 'current' }
    } catch (error) {
      if (!(error instanceof MigrateError)) throw error
      return { ready: false, reason: error.summary }
    }
  }
}

module.exports = { startup, readiness }
