// SPDX-License-Identifier: MIT
// The binding's words against the library's own tables: options, codes, and the columns that each call really returns.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import * as libmigrate from 'libmigrate'
import { optionTypes } from '../scripts/types.js'
import { ENGINES, newDatabase, newFolder, skipOn, twoMigrations, writeFiles } from './support.js'

const require = createRequire(import.meta.url)
const lib = join(dirname(require.resolve('libmigrate/package.json')), 'lib')
const text = name => readFileSync(join(lib, name), 'utf8')
const declarations = text('results.d.cts')

/** The members of an interface of results.d.cts. */
function members(name) {
  const body = new RegExp(`^export interface ${name} \\{\\n([^]*?)^\\}`, 'm').exec(declarations)
  assert.ok(body, `there is no interface ${name}`)
  return [...body[1].matchAll(/^ {2}readonly (\w+)(\??):/gm)].map(([, member, optional]) => ({
    member,
    optional: optional === '?'
  }))
}

/** Every member is there, and nothing else. */
function same(object, name) {
  const known = members(name)
  const needed = known.filter(({ optional }) => !optional).map(({ member }) => member)
  const there = Object.keys(object)
  assert.deepEqual(
    needed.filter(member => !there.includes(member)),
    [],
    `${name} lacks`
  )
  assert.deepEqual(
    there.filter(key => !known.some(({ member }) => member === key)),
    [],
    `${name} has more`
  )
}

test('the types of options are those of the library', () => assert.equal(text('options.d.cts'), optionTypes()))

test('each code has a class', () => {
  const native = require(join(lib, 'native.cjs'))
  const { className } = require(join(lib, 'errors.cjs'))
  const codes = []
  for (let code = -1; native.codeName(code) !== null; code--) codes.push(native.codeName(code))
  assert.ok(codes.length >= 39)
  for (const code of codes) assert.ok(libmigrate[className(code)].prototype instanceof libmigrate.MigrateError, code)
  const declared = [...text('errors.d.cts').matchAll(/^export class (\w+)/gm)].map(([, name]) => name).sort()
  assert.deepEqual(
    declared,
    Object.keys(libmigrate)
      .filter(name => libmigrate[name].prototype instanceof Error)
      .sort()
  )
})

test('import, require and the types give the same names', () => {
  const required = require('libmigrate')
  assert.equal(required.Migrator, libmigrate.Migrator)
  assert.deepEqual(
    Object.keys(required).sort(),
    Object.keys(libmigrate)
      .filter(name => name !== 'default')
      .sort()
  )
  const declared = [...(text('index.d.cts') + text('errors.d.cts')).matchAll(/^export (?:class|function|const) (\w+)/gm)].map(
    ([, name]) => name
  )
  assert.deepEqual([...new Set(declared)].sort(), Object.keys(required).sort())
})

test('the verbs of the types are those of the class', () => {
  const body = /^export class Migrator \{([^]*?)^\}/m.exec(text('index.d.cts'))[1]
  const declared = [...new Set([...body.matchAll(/^ {2}(?!constructor|static)(\w+)\(/gm)].map(([, name]) => name))]
  const there = Object.getOwnPropertyNames(libmigrate.Migrator.prototype).filter(name => name !== 'constructor')
  assert.deepEqual(declared.sort(), there.filter(name => name !== 'startupOnce').sort())
})

test('versions and features', () => {
  assert.match(libmigrate.version, /^1\.\d+\.\d+$/)
  assert.equal(libmigrate.version, require('libmigrate/package.json').version)
  assert.ok(libmigrate.has('sqlite') && libmigrate.has('postgresql') && !libmigrate.has('sorcery'))
  for (const rule of libmigrate.rules()) same(rule, 'Rule')
})

for (const engine of ENGINES) {
  test(`${engine}: the columns of each call`, { skip: skipOn(engine), timeout: 120_000 }, async t => {
    const database = await newDatabase(t, engine)
    const dir = twoMigrations(t, {
      '003_gone.sql': 'DROP TABLE orders;\n',
      'repeatable/v.sql': 'DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1 AS one;\n'
    })
    const files = {
      backup: async job => {
        if (job.verb === 'backup') writeFiles(dirname(job.file), { [job.file.split('/').pop()]: 'x' })
      }
    }
    const migrator = new libmigrate.Migrator(database.url, {
      dir,
      migrations: [{ id: '004_code', up: connection => connection.execute('CREATE TABLE two (id integer)') }],
      fingerprint: true,
      keepFacts: true,
      waitTimeout: 10_000,
      backupDir: newFolder(t),
      confirm: database.name,
      onBackup: engine === 'postgresql' ? files.backup : undefined,
      schema:
        'CREATE TABLE users (id integer PRIMARY KEY, name text, more text); CREATE TABLE two (id integer); CREATE TABLE three (id integer);'
    })
    t.after(() => migrator.close())

    const plan = await migrator.plan()
    assert.ok(plan.length >= 4)
    for (const step of plan) same(step, 'Step')
    assert.ok(plan.findings.length > 0)
    for (const finding of plan.findings) same(finding, 'Finding')
    assert.match(await plan.sql(), /CREATE TABLE users/)

    const rehearsal = await migrator.rehearse(plan)
    same(rehearsal, 'Rehearsal')
    for (const statement of rehearsal.statements) same(statement, 'Rehearsed')

    const report = await migrator.apply(plan)
    same(report, 'Report')
    assert.ok(report.steps.length >= 4)
    for (const step of report.steps) same(step, 'Done')
    assert.equal(typeof report.waitedMs, 'number')

    const status = await migrator.status()
    same(status, 'Status')
    assert.ok(status.migrations.length >= 4 && status.migrations[0].at instanceof Date)
    for (const migration of status.migrations) same(migration, 'MigrationStatus')

    const history = await migrator.history()
    same(history, 'History')
    assert.ok(Math.abs(history.events[0].at.getTime() - Date.now()) < 60_000)
    for (const event of history.events) same(event, 'HistoryEvent')

    const snapshot = await migrator.snapshot()
    same(snapshot, 'Snapshot')
    for (const fact of snapshot.facts) same(fact, 'Fact')

    const check = await migrator.check('database')
    same(check, 'Check')
    assert.ok(check.findings.length > 0)
    for (const finding of check.findings) same(finding, 'Finding')
    same(await migrator.checkAgainst(dir), 'Check')

    const graph = await migrator.graph('tables')
    same(graph, 'Graph')
    for (const part of graph.parts) same(part, 'Edge')

    const verification = await migrator.verify()
    same(verification, 'Verification')
    for (const migration of verification.migrations) same(migration, 'Verified')

    const generated = await migrator.generate()
    same(generated, 'Generated')
    assert.ok(generated.differs && generated.up.includes('more'))
    same(await migrator.generateDown('001_users'), 'GeneratedDown')

    const reconciliation = await migrator.reconcile()
    same(reconciliation, 'Reconciliation')
    assert.ok(reconciliation.facts.length > 0 && !reconciliation.ok)
    for (const fact of reconciliation.facts) same(fact, 'Reconciled')

    await database.script('CREATE TABLE by_hand (id integer);')
    const drift = await migrator.diff()
    same(drift, 'Drift')
    assert.ok(!drift.ok && drift.differences.length > 0)
    for (const difference of drift.differences) same(difference, 'Difference')

    same(await migrator.backup(), 'Backup')
    const backups = await migrator.backups()
    assert.ok(backups.length > 0)
    for (const backup of backups) same(backup, 'Backup')
    for (const result of [
      await migrator.protect(true, { reason: 'precious' }),
      await migrator.restore(),
      await migrator.startup()
    ])
      same(result, 'Report')
  })
}

test('what generate leaves out has its columns', async t => {
  const migrator = new libmigrate.Migrator('sqlite::memory:', { migrations: {} })
  t.after(() => migrator.close())
  const generated = await migrator.generate('CREATE TABLE t (id integer PRIMARY KEY); CREATE VIRTUAL TABLE f USING fts5(x);')
  for (const left of generated.leftOut) same(left, 'LeftOut')
})

test('the events have no value that the types lack', async t => {
  const seen = []
  const place = join(newFolder(t), 'events.db')
  await libmigrate.startup(`sqlite:${place}`, {
    dir: twoMigrations(t),
    onEvent: event => {
      seen.push(event)
    }
  })
  const known = members('Event').map(({ member }) => member)
  assert.ok(seen.length > 5)
  for (const event of seen)
    assert.deepEqual(
      Object.keys(event).filter(key => !known.includes(key)),
      [],
      event.name
    )
})
