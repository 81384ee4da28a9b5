// SPDX-License-Identifier: MIT
// The application's own connection: what is special to one kind of it, and drivers of an application's own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import pg from 'pg'
import { ConnectError, ConnectionLostError, MigrateError, TimeoutError, readiness, startup } from 'libmigrate'
import { newDatabase, skipOn, twoMigrations } from './support.js'

test('pg: a connection that breaks', { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const { connection } = await database.connect()
  await assert.rejects(
    startup({ connection, migrations: { '001_x.sql': 'SELECT pg_terminate_backend(pg_backend_pid());' } }),
    ConnectionLostError
  )
})

test('pg: a pool that has no connection to give', async t => {
  const pool = new pg.Pool({ connectionString: 'postgresql://nobody@127.0.0.1:1/none' })
  await assert.rejects(
    startup({ connection: pool, dir: twoMigrations(t) }),
    error => error instanceof ConnectError && error.cause.code === 'ECONNREFUSED'
  )
  const { ready, reason } = await readiness({ connection: pool, dir: twoMigrations(t) })()
  assert.deepEqual([ready, /ECONNREFUSED/.test(reason)], [false, true])
  await pool.end()
})

test('pg: a deadline ends the statement that runs', { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const { connection, end } = await database.connect()
  const from = performance.now()
  const slowly = startup({ connection, migrations: { '001_slow.sql': 'SELECT pg_sleep(60);' }, runDeadline: 700 })
  await assert.rejects(slowly, error => error instanceof TimeoutError && error.code === 'timeout')
  assert.ok(performance.now() - from < 5000)
  assert.deepEqual((await connection.query('SELECT 1 AS one')).rows, [{ one: 1 }])
  await end()
})

test("pg: the application's own types do not matter", { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const client = new pg.Client({
    connectionString: database.url,
    types: {
      getTypeParser: () => () => {
        throw new Error('not mine')
      }
    }
  })
  await client.connect()
  try {
    assert.deepEqual((await startup({ connection: client, dir: twoMigrations(t) })).applied, ['001_users', '002_orders'])
  } finally {
    await client.end()
  }
})

test('better-sqlite3: settings stay as they were', async t => {
  const database = await newDatabase(t, 'sqlite')
  const connection = new Sqlite(database.place)
  connection.defaultSafeIntegers(true)
  connection.pragma('foreign_keys = ON')
  await startup({ connection, dir: twoMigrations(t) })
  assert.equal(connection.pragma('foreign_keys', { simple: true }), 1n)
  assert.equal(connection.prepare('SELECT 1').pluck().get(), 1n)
  connection.close()
  await assert.rejects(startup({ connection, dir: twoMigrations(t) }))
})

test("a driver of one's own", async t => {
  const database = await newDatabase(t, 'sqlite')
  const connection = new Sqlite(database.place)
  const calls = []
  const driver = {
    engine: 'sqlite',
    async run(sql) {
      const statement = connection.prepare(sql)
      if (!statement.reader) return { columns: 0, values: statement.run() && [] }
      const rows = statement.raw(true).all()
      return { columns: statement.columns().length, values: rows.flat().map(value => (value === null ? null : String(value))) }
    },
    inTransaction: () => connection.inTransaction,
    enter: () => calls.push('enter'),
    leave: () => calls.push('leave'),
    close: () => calls.push('close')
  }
  assert.deepEqual((await startup({ connection: driver, dir: twoMigrations(t) })).applied, ['001_users', '002_orders'])
  assert.deepEqual(
    [calls[0], calls.at(-1), calls.filter(call => call === 'enter').length],
    ['enter', 'close', calls.filter(call => call === 'leave').length]
  )
  const broken = { ...driver, run: () => ({ columns: 1, values: [{}] }) }
  await assert.rejects(startup({ connection: broken, dir: twoMigrations(t) }), /texts, bytes and nulls/)
  for (const columns of [undefined, {}, 'id', ['id', 7], [undefined], [Symbol('id')]]) {
    const nameless = { ...driver, run: () => ({ columns, values: [] }) }
    await assert.rejects(startup({ connection: nameless, dir: twoMigrations(t) }), /the columns' names or number/)
  }
  for (const run of [async () => undefined, () => null]) {
    await assert.rejects(startup({ connection: { ...driver, run }, dir: twoMigrations(t) }), MigrateError)
  }
  connection.close()
})

for (const [what, columnsOf, expected] of [
  ['names', columns => columns.map(column => column.name), [{ one: '1', two: null }]],
  ['a number', columns => columns.length, [{ 1: '1', 2: null }]]
]) {
  test(`a driver of one's own: the columns as ${what}`, async t => {
    const database = await newDatabase(t, 'sqlite')
    const connection = new Sqlite(database.place)
    const driver = {
      engine: 'sqlite',
      run(sql) {
        const statement = connection.prepare(sql)
        if (!statement.reader) return { columns: 0, values: statement.run() && [] }
        const rows = statement.raw(true).all()
        const values = rows.flat().map(value => (value === null ? null : String(value)))
        return { columns: columnsOf(statement.columns()), values }
      },
      inTransaction: () => connection.inTransaction
    }
    const rows = []
    const up = async inside => {
      for (const end of ['', ' WHERE 1 = 2']) rows.push(await inside.query(`SELECT 1 AS one, NULL AS two${end}`))
    }
    await startup({ connection: driver, migrations: [{ id: '001_look', up }] })
    assert.deepEqual(rows, [expected, []])
    connection.close()
  })
}
