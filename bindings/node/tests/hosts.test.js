// SPDX-License-Identifier: MIT
// The application's own connection: used, left as it was found, never closed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { ConnectionLostError, InTransactionError, Migrator, SqlError, startup } from 'libmigrate'
import { newDatabase, skipOn, twoMigrations } from './support.js'

// Under another Node than the one for which better-sqlite3 was built there is node:sqlite alone.
const Sqlite = process.env.LIBMIGRATE_TEST_SQLITE === 'node:sqlite' ? null : (await import('better-sqlite3')).default
const nodeSqlite = await import('node:sqlite').catch(() => null)
const usable = nodeSqlite !== null && 'isTransaction' in new nodeSqlite.DatabaseSync(':memory:')

async function pgClient (database) {
  const client = new pg.Client(database.url)
  client.on('error', () => {})
  await client.connect()
  return client
}

/** make: a connection; run: a statement by the application's own means, its rows as objects. */
const HOSTS = {
  'better-sqlite3': {
    engine: 'sqlite',
    skip: Sqlite === null && 'better-sqlite3 was built for another Node',
    make: database => new Sqlite(database.place),
    run: (connection, sql) => { const made = connection.prepare(sql); return made.reader ? made.all() : made.run() },
    end: connection => connection.close()
  },
  'node:sqlite': {
    engine: 'sqlite',
    skip: !usable && `node:sqlite is not in Node ${process.version}, or too old there`,
    make: database => new nodeSqlite.DatabaseSync(database.place),
    run: (connection, sql) => { const made = connection.prepare(sql); return made.columns().length > 0 ? made.all().map(row => ({ ...row })) : made.run() },
    end: connection => connection.close()
  },
  pg: {
    engine: 'postgresql',
    make: pgClient,
    run: async (connection, sql) => (await connection.query(sql)).rows,
    end: connection => connection.end()
  },
  "pg's Pool": {
    engine: 'postgresql',
    pool: true,
    make: database => new pg.Pool({ connectionString: database.url, max: 2 }).on('error', () => {}),
    run: async (connection, sql) => (await connection.query(sql)).rows,
    end: connection => connection.end()
  }
}

for (const [name, host] of Object.entries(HOSTS)) {
  const on = (what, body) => test(`${name}: ${what}`, { skip: host.skip || skipOn(host.engine), timeout: 60_000 }, async t => {
    const database = await newDatabase(t, host.engine)
    const connection = await host.make(database)
    try {
      await body(t, database, connection)
    } finally {
      await host.end(connection)
    }
  })

  on('the verbs', async (t, database, connection) => {
    const dir = twoMigrations(t, { '003_rows.sql': "INSERT INTO users VALUES (1, 'a;b%s ä\u{1f600}'), (2, NULL);\n-- ROLLBACK: DELETE FROM users;\n" })
    const migrator = new Migrator({ connection, dir, backup: 'off' })
    assert.deepEqual((await migrator.apply()).applied, ['001_users', '002_orders', '003_rows'])
    assert.deepEqual(await host.run(connection, 'SELECT * FROM users ORDER BY id'), [{ id: 1, name: 'a;b%s ä\u{1f600}' }, { id: 2, name: null }])
    assert.equal((await migrator.apply()).changed, false)
    assert.deepEqual((await migrator.rollback()).rolledBack, ['003_rows'])
    assert.equal((await migrator.status()).engine, host.engine)
    assert.match((await migrator.snapshot()).sql, /CREATE TABLE/)
    await migrator.close()
    if (host.pool) assert.equal(connection.idleCount, connection.totalCount, 'its client is back in the pool')
    assert.deepEqual((await startup({ connection, dir })).applied, ['003_rows'])
    assert.equal((await startup(database.url, { dir })).changed, false, 'by URL it is the same history')
  })

  on('an error', async (t, database, connection) => {
    const dir = twoMigrations(t, { '003_bad.sql': 'CREATE TABLE fine (id integer);\nINSERT INTO absent VALUES (1);\n' })
    const error = await startup({ connection, dir }).catch(error => error)
    assert.ok(error instanceof SqlError, error)
    assert.deepEqual([error.line, error.message.includes('absent')], [2, true])
    if (host.engine === 'postgresql') assert.deepEqual([error.sqlstate, error.column], ['42P01', 13])
    else assert.equal(error.driverCode, 1)
    assert.deepEqual(await database.tables(), ['orders', 'users'])
    await host.run(connection, 'SELECT 1')
  })

  on('a constraint has its code', async (t, database, connection) => {
    const error = await startup({ connection, migrations: { '001_x.sql': 'CREATE TABLE x (id integer UNIQUE);\nINSERT INTO x VALUES (1), (1);' } }).catch(error => error)
    if (host.engine === 'postgresql') assert.equal(error.sqlstate, '23505')
    else assert.equal(error.driverCode, 2067)
  })

  if (!host.pool) {
    on('an open transaction', async (t, database, connection) => {
      const dir = twoMigrations(t)
      await host.run(connection, 'BEGIN')
      await host.run(connection, 'CREATE TABLE own (id integer)')
      await assert.rejects(startup({ connection, dir }), InTransactionError)
      await startup({ connection, dir, hostTransaction: 'use', onUnmanaged: 'apply' })
      await host.run(connection, 'SELECT * FROM users')
      await host.run(connection, 'ROLLBACK')
      assert.deepEqual(await database.tables(), [])
    })
  }

  on('migrations in JavaScript', async (t, database, connection) => {
    const fill = async inside => {
      await inside.execute("INSERT INTO users VALUES (1, 'x')")
      assert.deepEqual(await inside.query('SELECT name FROM users'), [{ name: 'x' }])
    }
    const report = await startup({ connection, dir: twoMigrations(t), migrations: [{ id: '003_fill', up: fill }] })
    assert.equal(report.applied.at(-1), '003_fill')
    assert.deepEqual(await database.query('SELECT name FROM users'), [['x']])
  })
}

test('pg: a connection that breaks', { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const client = await pgClient(database)
  await assert.rejects(startup({ connection: client, migrations: { '001_x.sql': 'SELECT pg_terminate_backend(pg_backend_pid());' } }), ConnectionLostError)
})

test('pg: the application\'s own types do not matter', { skip: skipOn('postgresql'), timeout: 60_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const client = new pg.Client({ connectionString: database.url, types: { getTypeParser: () => () => { throw new Error('not mine') } } })
  await client.connect()
  try {
    assert.deepEqual((await startup({ connection: client, dir: twoMigrations(t) })).applied, ['001_users', '002_orders'])
  } finally {
    await client.end()
  }
})

test('better-sqlite3: settings stay as they were', { skip: HOSTS['better-sqlite3'].skip }, async t => {
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

test('a driver of one\'s own', { skip: HOSTS['better-sqlite3'].skip }, async t => {
  const database = await newDatabase(t, 'sqlite')
  const connection = new Sqlite(database.place)
  const calls = []
  const driver = {
    engine: 'sqlite',
    async run (sql) {
      const statement = connection.prepare(sql)
      if (!statement.reader) return { columns: 0, values: statement.run() && [] }
      const rows = statement.raw(true).all()
      return { columns: statement.columns().length, values: rows.flat().map(value => value === null ? null : String(value)) }
    },
    inTransaction: () => connection.inTransaction,
    enter: () => calls.push('enter'),
    leave: () => calls.push('leave'),
    close: () => calls.push('close')
  }
  assert.deepEqual((await startup({ connection: driver, dir: twoMigrations(t) })).applied, ['001_users', '002_orders'])
  assert.deepEqual([calls[0], calls.at(-1), calls.filter(call => call === 'enter').length], ['enter', 'close', calls.filter(call => call === 'leave').length])
  const broken = { ...driver, run: () => ({ columns: 1, values: [{}] }) }
  await assert.rejects(startup({ connection: broken, dir: twoMigrations(t) }), /texts, bytes and nulls/)
  connection.close()
})
