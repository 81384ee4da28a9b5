// SPDX-License-Identifier: MIT
// The application's own connection: used, left as it was found, never closed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { InTransactionError, Migrator, SqlError, startup } from 'libmigrate'
import { newDatabase, skipOn, twoMigrations } from './support.js'

// run.sh runs this file under another Node, too, for node:sqlite; better-sqlite3 was not built for that one.
const other = process.env.LIBMIGRATE_TEST_SQLITE === 'node:sqlite'
const Sqlite = other ? null : (await import('better-sqlite3')).default
const nodeSqlite = await import('node:sqlite').catch(() => null)
const usable = nodeSqlite !== null && 'isTransaction' in new nodeSqlite.DatabaseSync(':memory:')

async function pgClient(database) {
  const client = new pg.Client(database.url)
  client.on('error', () => {})
  await client.connect()
  return client
}

/** make: a connection; run: a statement by the application's own means, its rows as objects. */
const HOSTS = {
  'better-sqlite3': {
    engine: 'sqlite',
    make: database => new Sqlite(database.place),
    run: (connection, sql) => {
      const made = connection.prepare(sql)
      return made.reader ? made.all() : made.run()
    },
    end: connection => connection.close()
  },
  'node:sqlite': {
    engine: 'sqlite',
    skip: !usable && `node:sqlite is not in Node ${process.version}, or too old there`,
    make: database => new nodeSqlite.DatabaseSync(database.place),
    run: (connection, sql) => {
      const made = connection.prepare(sql)
      return made.columns().length > 0 ? made.all().map(row => ({ ...row })) : made.run()
    },
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

// What the other run has is no test of this one.
if (other) for (const name of Object.keys(HOSTS)) if (name !== 'node:sqlite') delete HOSTS[name]
if (!other && !usable && process.env.LIBMIGRATE_OTHER_NODE) delete HOSTS['node:sqlite']

for (const [name, host] of Object.entries(HOSTS)) {
  const on = (what, body) =>
    test(`${name}: ${what}`, { skip: host.skip || skipOn(host.engine), timeout: 60_000 }, async t => {
      const database = await newDatabase(t, host.engine)
      const connection = await host.make(database)
      try {
        await body(t, database, connection)
      } finally {
        await host.end(connection)
      }
    })

  on('the verbs', async (t, database, connection) => {
    const dir = twoMigrations(t, {
      '003_rows.sql': "INSERT INTO users VALUES (1, 'a;b%s ä\u{1f600}'), (2, NULL);\n-- ROLLBACK: DELETE FROM users;\n"
    })
    const migrator = new Migrator({ connection, dir, backup: 'off' })
    assert.deepEqual((await migrator.apply()).applied, ['001_users', '002_orders', '003_rows'])
    assert.deepEqual(await host.run(connection, 'SELECT * FROM users ORDER BY id'), [
      { id: 1, name: 'a;b%s ä\u{1f600}' },
      { id: 2, name: null }
    ])
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
    const error = await startup({
      connection,
      migrations: { '001_x.sql': 'CREATE TABLE x (id integer UNIQUE);\nINSERT INTO x VALUES (1), (1);' }
    }).catch(error => error)
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
      assert.deepEqual(await inside.query('SELECT id, name FROM users WHERE id = 2'), [])
      assert.deepEqual(await inside.query('SELECT id AS "größe", name FROM users'), [{ größe: '1', name: 'x' }])
      assert.deepEqual(await inside.query('SELECT 1 AS a, 2 AS a'), [{ a: '2' }], 'as by URL')
      assert.deepEqual(await inside.query('DELETE FROM users WHERE id = 2'), [])
    }
    const report = await startup({ connection, dir: twoMigrations(t), migrations: [{ id: '003_fill', up: fill }] })
    assert.equal(report.applied.at(-1), '003_fill')
    assert.deepEqual(await database.query('SELECT name FROM users'), [['x']])
  })
}
