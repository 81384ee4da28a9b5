// SPDX-License-Identifier: MIT
'use strict'

const native = require('./native.cjs')
const { NAMES, className, errorOf, misuse, aborted, unconnected, ...errors } = require('./errors.cjs')
const { Migrator } = require('./migrator.cjs')
const { options } = require('./options.cjs')
const { Plan, Run } = require('./plan.cjs')
const { startup, readiness } = require('./startup.cjs')

/** The rules of check(), with their severities. */
const rules = () => JSON.parse(native.rules()).rows

module.exports = {
  Migrator,
  Plan,
  Run,
  startup,
  readiness,
  options,
  rules,
  version: native.version(),
  has: native.has,
  ...errors
}
