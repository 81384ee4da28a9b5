// SPDX-License-Identifier: MIT
// What goes wrong, as exceptions: a class for each of the library's codes.
'use strict'

const { camel } = require('./names.cjs')

/** message: the whole error for a person, with its place, detail and hint; summary: one line of it. */
class MigrateError extends Error {
  constructor(message, fields = {}, cause = undefined) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = fields.code ?? 'error'
    for (const [name, value] of Object.entries(fields)) this[name] = value
    this.summary ??= message
  }
}
Object.defineProperty(MigrateError.prototype, 'name', { value: 'MigrateError', writable: true, configurable: true })

const NAMES = [
  'nomem',
  'misuse',
  'option',
  'url',
  'client',
  'connect',
  'authentication',
  'no_database',
  'source',
  'duplicate',
  'dependency',
  'target',
  'sql',
  'code',
  'modified',
  'missing',
  'late',
  'ahead',
  'renamed',
  'unmanaged',
  'history',
  'rights',
  'read_only',
  'locked',
  'timeout',
  'cancelled',
  'stale',
  'irreversible',
  'refused',
  'partial',
  'connection_lost',
  'in_transaction',
  'io',
  'internal',
  'file_system',
  'device_locked',
  'outcome_unknown',
  'shadow',
  'schema'
]

const className = word => camel('_' + word.replaceAll('-', '_')) + 'Error'

function subclass(Base, name) {
  const made = { [name]: class extends Base {} }[name]
  Object.defineProperty(made.prototype, 'name', { value: name, writable: true, configurable: true })
  return made
}

const classes = Object.fromEntries(NAMES.map(word => [className(word), subclass(MigrateError, className(word))]))

/** A call that ended because its AbortSignal said so; cause is the signal's reason. */
class AbortError extends classes.CancelledError {}
Object.defineProperty(AbortError.prototype, 'name', { value: 'AbortError', writable: true, configurable: true })

/** Start-up in mode check: migrations are pending. report says how many. */
const MigrationsPending = subclass(MigrateError, 'MigrationsPending')

/** Start-up ended early, at a safe point: start again to go on. report says what was done. */
const RunStopped = subclass(MigrateError, 'RunStopped')

const classOf = word => classes[className(word)] ?? MigrateError

/** {name, text, json} of the addon as an exception. */
function errorOf({ name, text, json }, cause) {
  const fields = {}
  for (const [key, value] of Object.entries(json === null ? {} : JSON.parse(json))) fields[camel(key)] = value
  fields.summary = fields.message
  delete fields.message
  delete fields.name
  fields.code = name ?? 'error'
  const message = (text ?? fields.summary ?? `libmigrate: ${fields.code}`).trimEnd()
  return new (classOf(fields.code))(message, fields, cause)
}

function misuse(message) {
  return new classes.MisuseError(message, { code: 'misuse', class: 'usage' })
}

function aborted(signal, fields = {}) {
  return new AbortError('The operation was aborted', { class: 'cancelled', ...fields, code: 'ABORT_ERR' }, signal.reason)
}

/** The application's pool has no connection to give, or the connection does not answer. */
function unconnected(error) {
  const fields = { code: 'connect', class: 'retry', hint: "the application's own pool or client says so" }
  return new classes.ConnectError(`the application's connection: ${error.message}`, fields, error)
}

module.exports = {
  MigrateError,
  ...classes,
  AbortError,
  MigrationsPending,
  RunStopped,
  NAMES,
  className,
  errorOf,
  misuse,
  aborted,
  unconnected
}
