// SPDX-License-Identifier: MIT
// The plugin for Fastify: the application starts to listen when its database has the schema that it was built for.
'use strict'

const { misuse } = require('./errors.cjs')
const { readiness, startup } = require('./startup.cjs')

const LEVELS = { debug: 'debug', info: 'info', warning: 'warn', error: 'error' }

/** Fastify gives a plugin 10 seconds, and would give up in the middle of a longer migration, or while another process does it. */
function checkTimeout(app) {
  const limit = app.initialConfig?.pluginTimeout
  if (!(limit > 0)) return
  throw misuse(
    `Fastify would give up on the migrations after ${limit / 1000} s: start it with Fastify({ pluginTimeout: 0 }); the library's own ` +
      'limits are waitTimeout (5 minutes) and runDeadline'
  )
}

/** await app.register(libmigrate, { url, dir, ... }): options as of startup(). */
async function libmigrate(app, { onEvent, ...options }) {
  checkTimeout(app)
  app.decorate('migrateReady', readiness(options))
  const report = await startup({
    ...options,
    onEvent: event => {
      app.log[LEVELS[event.level] ?? 'info']({ libmigrate: event }, event.message)
      return onEvent?.(event)
    }
  })
  app.decorate('migrateReport', report)
}

// What the package fastify-plugin would do: the decorations are the whole application's.
libmigrate[Symbol.for('skip-override')] = true
libmigrate[Symbol.for('fastify.display-name')] = 'libmigrate'
libmigrate[Symbol.for('plugin-meta')] = { name: 'libmigrate', fastify: '4.x || 5.x' }

module.exports = libmigrate
module.exports.default = libmigrate
