// SPDX-License-Identifier: MIT
// The plugin for Fastify: what it promises beside what the README's example shows.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { SqlError } from 'libmigrate'
import libmigrate from 'libmigrate/fastify'
import Fastify from 'fastify'
import { newFolder, twoMigrations, writeFiles } from './support.js'

test('Fastify: report, readiness, log', async t => {
  const dir = twoMigrations(t)
  const url = `sqlite:${newFolder(t)}/x.db`
  const lines = []
  const app = Fastify({ pluginTimeout: 0, logger: { level: 'debug', stream: { write: line => lines.push(JSON.parse(line)) } } })
  t.after(() => app.close())
  const seen = []
  await app.register(libmigrate, { url, dir, onEvent: event => seen.push(event.name) })
  assert.deepEqual(app.migrateReport.applied, ['001_users', '002_orders'])
  assert.deepEqual(await app.migrateReady(), { ready: true, reason: 'current' })
  assert.ok(lines.some(line => line.msg === '001_users applied' && line.libmigrate.id === '001_users' && line.level === 30))
  assert.ok(seen.includes('finished'))
  writeFiles(dir, { '003_more.sql': 'SELECT 1;\n' })
  assert.match((await app.migrateReady()).reason, /1 migrations? (is|are) pending/)
})

test('Fastify: a migration that fails ends the start', async t => {
  const app = Fastify({ pluginTimeout: 0 })
  t.after(() => app.close())
  const dir = twoMigrations(t, { '003_bad.sql': 'INSERT INTO absent VALUES (1);\n' })
  app.register(libmigrate, { url: 'sqlite::memory:', dir })
  await assert.rejects(app.ready(), error => error instanceof SqlError && error.line === 1)
})

test('Fastify: a limit that it would not survive is told at once', async t => {
  const app = Fastify()
  t.after(() => app.close())
  app.register(libmigrate, { url: 'sqlite::memory:', dir: twoMigrations(t) })
  await assert.rejects(app.ready(), /pluginTimeout: 0/)
})

test('the plugin by require is the same', () => {
  const required = createRequire(import.meta.url)('libmigrate/fastify')
  assert.ok(required === libmigrate && required.default === libmigrate)
})
