// SPDX-License-Identifier: MIT
// The application's own connection as the library's driver: which kind of connection it is. SQL goes through the connection's own
// library, so no second SQLite meets the file.
//
// A driver has: engine ("sqlite", "postgresql"); run(sql), which answers {columns, values} (the columns' names, or how many they are;
// the values of all rows one behind the other: texts, bytes or null), or a promise of it; failure(error), which tells what the
// database said; inTransaction(); and if it can: interrupt(), which ends the statement that runs; enter() and leave() around each
// call; close().
'use strict'

const { BetterSqliteDriver, NodeSqliteDriver } = require('./drivers-sqlite.cjs')
const { PgDriver, PgPoolDriver } = require('./drivers-pg.cjs')

const has = (thing, ...names) => names.every(name => typeof thing[name] === 'function')

function driverFor(connection) {
  if (typeof connection !== 'object' || connection === null) throw new TypeError('connection: an object is needed')
  if (has(connection, 'run', 'inTransaction') && typeof connection.engine === 'string') return connection
  if (has(connection, 'prepare', 'pragma') && typeof connection.inTransaction === 'boolean')
    return new BetterSqliteDriver(connection)
  if (has(connection, 'prepare', 'exec') && 'isTransaction' in connection) return new NodeSqliteDriver(connection)
  if (has(connection, 'query', 'connect') && 'totalCount' in connection) return new PgPoolDriver(connection)
  if (has(connection, 'query', 'connect') && 'processID' in connection) return new PgDriver(connection)
  throw new TypeError(
    `connection: ${connection.constructor?.name ?? 'this'} is no Database of better-sqlite3, no DatabaseSync of ` +
      'node:sqlite (of Node 22.16 or later), no Client or Pool of pg, and no driver of your own'
  )
}

module.exports = { driverFor }
