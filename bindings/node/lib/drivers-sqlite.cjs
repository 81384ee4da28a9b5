// SPDX-License-Identifier: MIT
// Database of better-sqlite3 and DatabaseSync of node:sqlite. Both run a statement on JavaScript's own thread and have no way to end
// it early.
'use strict'

const SQLITE_ERROR = 1

// better-sqlite3 tells SQLite's result codes by name.
const PRIMARY = [
  'OK',
  'ERROR',
  'INTERNAL',
  'PERM',
  'ABORT',
  'BUSY',
  'LOCKED',
  'NOMEM',
  'READONLY',
  'INTERRUPT',
  'IOERR',
  'CORRUPT',
  'NOTFOUND',
  'FULL',
  'CANTOPEN',
  'PROTOCOL',
  'EMPTY',
  'SCHEMA',
  'TOOBIG',
  'CONSTRAINT',
  'MISMATCH',
  'MISUSE',
  'NOLFS',
  'AUTH',
  'FORMAT',
  'RANGE',
  'NOTADB',
  'NOTICE',
  'WARNING'
]
const EXTENDED = {
  ERROR: ['MISSING_COLLSEQ', 'RETRY', 'SNAPSHOT'],
  IOERR: [
    'READ',
    'SHORT_READ',
    'WRITE',
    'FSYNC',
    'DIR_FSYNC',
    'TRUNCATE',
    'FSTAT',
    'UNLOCK',
    'RDLOCK',
    'DELETE',
    'BLOCKED',
    'NOMEM',
    'ACCESS',
    'CHECKRESERVEDLOCK',
    'LOCK',
    'CLOSE',
    'DIR_CLOSE',
    'SHMOPEN',
    'SHMSIZE',
    'SHMLOCK',
    'SHMMAP',
    'SEEK',
    'DELETE_NOENT',
    'MMAP',
    'GETTEMPPATH',
    'CONVPATH',
    'VNODE',
    'AUTH',
    'BEGIN_ATOMIC',
    'COMMIT_ATOMIC',
    'ROLLBACK_ATOMIC',
    'DATA',
    'CORRUPTFS',
    'IN_PAGE'
  ],
  LOCKED: ['SHAREDCACHE', 'VTAB'],
  BUSY: ['RECOVERY', 'SNAPSHOT', 'TIMEOUT'],
  CANTOPEN: ['NOTEMPDIR', 'ISDIR', 'FULLPATH', 'CONVPATH', 'DIRTYWAL', 'SYMLINK'],
  CORRUPT: ['VTAB', 'SEQUENCE', 'INDEX'],
  READONLY: ['RECOVERY', 'CANTLOCK', 'ROLLBACK', 'DBMOVED', 'CANTINIT', 'DIRECTORY'],
  ABORT: [null, 'ROLLBACK'],
  CONSTRAINT: [
    'CHECK',
    'COMMITHOOK',
    'FOREIGNKEY',
    'FUNCTION',
    'NOTNULL',
    'PRIMARYKEY',
    'TRIGGER',
    'UNIQUE',
    'VTAB',
    'ROWID',
    'PINNED',
    'DATATYPE'
  ],
  AUTH: ['USER']
}

/** 'SQLITE_CONSTRAINT_UNIQUE': 2067 */
function codeNamed(name) {
  const [, primary, extended] = /^SQLITE_([A-Z]+)(?:_(\w+))?$/.exec(name ?? '') ?? []
  const low = PRIMARY.indexOf(primary)
  if (low < 0) return SQLITE_ERROR
  const high = extended === undefined ? -1 : (EXTENDED[primary] ?? []).indexOf(extended)
  return low + (high + 1) * 256
}

/** As SQLite writes it: integers come as bigint, so that a number is a real. */
function textOf(value) {
  if (value === null || typeof value === 'string' || ArrayBuffer.isView(value)) return value
  if (typeof value === 'bigint') return value.toString()
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}

const answer = (columns, rows) => ({
  columns: columns.map(column => column.name),
  values: rows.flatMap(row => row.map(textOf))
})

class BetterSqliteDriver {
  engine = 'sqlite'
  #database

  constructor(database) {
    this.#database = database
  }

  run(sql) {
    const statement = this.#database.prepare(sql)
    if (!statement.reader) {
      statement.run()
      return { columns: [], values: [] }
    }
    return answer(statement.columns(), statement.raw(true).safeIntegers(true).all())
  }

  failure(error) {
    return { message: error.message, driverCode: codeNamed(error.code) }
  }

  inTransaction() {
    return this.#database.inTransaction
  }
}

class NodeSqliteDriver {
  engine = 'sqlite'
  #database

  constructor(database) {
    this.#database = database
  }

  run(sql) {
    const statement = this.#database.prepare(sql)
    const columns = statement.columns()
    statement.setReadBigInts(true)
    if (columns.length === 0) {
      statement.run()
      return { columns: [], values: [] }
    }
    statement.setReturnArrays(true)
    return answer(columns, statement.all())
  }

  failure(error) {
    return { message: error.message, driverCode: error.errcode ?? SQLITE_ERROR }
  }

  inTransaction() {
    return this.#database.isTransaction
  }
}

module.exports = { BetterSqliteDriver, NodeSqliteDriver, codeNamed }
