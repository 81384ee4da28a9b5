// SPDX-License-Identifier: MIT
// Ending early: a statement of a minute is over within 300 ms, and the database is as it was.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { AbortError, CancelledError, MigrateError, Migrator, startup } from 'libmigrate'
import { ENGINES, TWO, newDatabase, newFolder, skipOn, sleep, slow } from './support.js'

const WITHIN = 300

/** Ends promise by how() after a while, and says how long it took, and what it threw. */
async function ended(promise, how) {
  const failed = promise.then(
    () => assert.fail('it went through'),
    error => error
  )
  await sleep(500)
  const from = performance.now()
  how()
  const error = await failed
  return { error, took: performance.now() - from }
}

for (const engine of ENGINES) {
  const migrations = { ...TWO, '003_slow.sql': `CREATE TABLE half (id integer);\n${slow(engine)}` }
  const on = (name, body) =>
    test(`${engine}: ${name}`, { skip: skipOn(engine), timeout: 60_000 }, async t => body(t, await newDatabase(t, engine)))

  on('an AbortSignal', async (t, database) => {
    const controller = new AbortController()
    const { error, took } = await ended(startup(database.url, { migrations, signal: controller.signal }), () =>
      controller.abort()
    )
    assert.ok(error instanceof AbortError && error instanceof CancelledError && error instanceof MigrateError)
    assert.deepEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', controller.signal.reason])
    assert.ok(took < WITHIN, `${took} ms`)
    t.diagnostic(`over after ${Math.round(took)} ms`)
    assert.ok(!(await database.tables()).includes('half'))
  })

  on('cancel(), and the migrator works again', async (t, database) => {
    const migrator = new Migrator(database.url, { migrations })
    t.after(() => migrator.close())
    const { error, took } = await ended(migrator.apply(), () => migrator.cancel())
    assert.equal(error.name, 'CancelledError')
    assert.ok(took < WITHIN, `${took} ms`)
    assert.ok((await migrator.status()).pending >= 1)
  })

  on('a signal that is aborted already', async (t, database) => {
    await assert.rejects(
      startup(database.url, { migrations, signal: AbortSignal.abort('no') }),
      error => error.name === 'AbortError' && error.cause === 'no'
    )
    assert.deepEqual(await database.tables(), [])
  })

  on('a statement of a migration in JavaScript', async (t, database) => {
    const controller = new AbortController()
    let told
    const code = [
      {
        id: '001_slow',
        up: async connection => {
          connection.signal.addEventListener('abort', () => {
            told = true
          })
          await connection.execute(slow(engine))
        }
      }
    ]
    const { error, took } = await ended(startup(database.url, { migrations: code, signal: controller.signal }), () =>
      controller.abort()
    )
    assert.equal(error.name, 'AbortError')
    assert.ok(took < WITHIN && told, `${took} ms`)
  })

  on('a Worker that is terminated', async (t, database) => {
    const program = `
      const { workerData } = require('node:worker_threads')
      const { startup } = require(workerData.libmigrate)
      startup(workerData.url, { migrations: workerData.migrations, onEvent () {} })`
    const libmigrate = (await import('node:module')).createRequire(import.meta.url).resolve('libmigrate')
    const worker = new Worker(program, { eval: true, workerData: { libmigrate, url: database.url, migrations } })
    await sleep(800)
    const from = performance.now()
    await worker.terminate()
    assert.ok(performance.now() - from < 1000, 'it ends')
    assert.ok(!(await database.tables()).includes('half'))
    await startup(database.url, { migrations: TWO })
  })
}

test('waiting for another runner', { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const first = new AbortController()
  const runs = startup(database.url, { migrations: { '001_slow.sql': slow('postgresql') }, signal: first.signal }).catch(
    error => error
  )
  await sleep(500)
  const second = new AbortController()
  const { error, took } = await ended(
    startup(database.url, { migrations: { '001_slow.sql': slow('postgresql') }, signal: second.signal }),
    () => second.abort()
  )
  assert.equal(error.name, 'AbortError')
  assert.ok(took < WITHIN, `${took} ms`)
  first.abort()
  assert.equal((await runs).name, 'AbortError')
})

test('connecting to what does not answer', { timeout: 60_000 }, async () => {
  const controller = new AbortController()
  const { error, took } = await ended(
    startup('postgresql://x@127.0.0.1:1/x', { migrations: TWO, signal: controller.signal }),
    () => controller.abort()
  )
  assert.equal(error.name, 'AbortError')
  assert.ok(took < WITHIN, `${took} ms`)
})

test("a statement on the application's own pg connection", { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const { connection: client, end } = await database.connect()
  const migrator = new Migrator({ connection: client, migrations: { '001_slow.sql': slow('postgresql') } })
  const controller = new AbortController()
  const { error, took } = await ended(migrator.apply({ signal: controller.signal }), () => controller.abort())
  assert.equal(error.name, 'AbortError')
  assert.ok(took < WITHIN, `${took} ms`)
  assert.equal((await migrator.status()).pending, 1)
  await migrator.close()
  assert.deepEqual((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }])
  await end()
})

test('stopping at a safe point', async t => {
  const stop = new AbortController()
  const options = {
    migrations: TWO,
    stopSignal: stop.signal,
    onEvent: event => {
      if (event.name === 'step' && event.id === '001_users') stop.abort()
    }
  }
  const place = `sqlite:${newFolder(t)}/x.db`
  await assert.rejects(startup(place, options), error => error.name === 'RunStopped' && error.report.applied.length === 1)
})

test('a Worker that is terminated while its own connection works', { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const program = `
    const { workerData } = require('node:worker_threads')
    const { startup } = require(workerData.libmigrate)
    const { Client } = require(workerData.pg)
    const connection = new Client(workerData.url)
    connection.connect().then(() => startup({ connection, migrations: { '001_slow.sql': 'SELECT pg_sleep(60);' } }))`
  const { createRequire } = await import('node:module')
  const require = createRequire(import.meta.url)
  const worker = new Worker(program, {
    eval: true,
    workerData: { libmigrate: require.resolve('libmigrate'), pg: require.resolve('pg'), url: database.url }
  })
  await sleep(1000)
  const from = performance.now()
  await worker.terminate()
  assert.ok(performance.now() - from < 1000, 'it ends')
})

test('process.exit() in the middle of a migration', { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const program = `
    import { startup } from 'libmigrate'
    startup(${JSON.stringify(database.url)}, { migrations: { '001_slow.sql': 'CREATE TABLE half (id integer); SELECT pg_sleep(60);' } })
    setTimeout(() => process.exit(3), 1000)`
  const from = performance.now()
  const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname ?? '.' })
  assert.equal(status, 3)
  assert.ok(performance.now() - from < 5000)
  const others =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'"
  assert.deepEqual([await database.query(others), await database.tables()], [[['0']], []], 'nothing of it is left')
})
