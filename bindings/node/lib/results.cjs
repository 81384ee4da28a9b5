// SPDX-License-Identifier: MIT
// The library's tables as frozen objects: columns and values by the library's words in camelCase, instants as Date, microseconds
// as (fractions of) milliseconds.
'use strict'

const { camel } = require('./names.cjs')

const spelled = new Map()

function nameOf(column) {
  let name = spelled.get(column)
  if (name === undefined) spelled.set(column, (name = camel(column.endsWith('_us') ? column.slice(0, -3) + '_ms' : column)))
  return name
}

function valueOf(column, value) {
  if (typeof value !== 'number') return value
  if (column.endsWith('_us')) return value / 1000
  return column === 'at' ? new Date(value / 1000) : value
}

function row(values) {
  const made = {}
  for (const [column, value] of Object.entries(values)) made[nameOf(column)] = valueOf(column, value)
  return Object.freeze(made)
}

function rows(text) {
  return Object.freeze(JSON.parse(text).rows.map(row))
}

/** The whole table; its rows get a name of their own. */
function table(text, rowsName, more = {}) {
  const { rows: list, ...values } = JSON.parse(text)
  return Object.freeze({ ...row(values), ...more, [rowsName]: Object.freeze(list.map(row)) })
}

/** What a run did: applied and rolledBack are ids, in the order of the work. */
function report(text, code) {
  const made = table(text, 'steps')
  const ran = direction =>
    Object.freeze(made.steps.filter(step => step.direction === direction && step.action !== 'record').map(step => step.id))
  return Object.freeze({
    ...made,
    applied: ran('up'),
    rolledBack: ran('down'),
    waitedMs: Math.trunc(made.waitedMs ?? 0),
    stopped: code === 'stopped'
  })
}

/** An event with what it says beside its message. */
function event({ name, level, message, values }) {
  const { name: title, ...rest } = values
  const made = { ...row(rest), name, level, message }
  if (title !== undefined) made.migrationName = title
  return Object.freeze(made)
}

module.exports = { row, rows, table, report, event }
