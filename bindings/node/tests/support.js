// SPDX-License-Identifier: MIT
// Databases for the tests: a new SQLite file, and a new database on the server of MIGRATE_TEST_POSTGRESQL.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import pg from 'pg'

/** LIBMIGRATE_TEST_SQLITE: with which SQLite the tests look at files, and which is the application's own. */
const nodeSqlite = process.env.LIBMIGRATE_TEST_SQLITE === 'node:sqlite'
const Sqlite = nodeSqlite ? (await import('node:sqlite')).DatabaseSync : (await import('better-sqlite3')).default
const hasRows = statement => (nodeSqlite ? statement.columns().length > 0 : statement.reader)
const asTexts = statement =>
  nodeSqlite ? (statement.setReadBigInts(true), statement.setReturnArrays(true)) : statement.raw(true).safeIntegers(true)

export const SERVER = process.env.MIGRATE_TEST_POSTGRESQL
export const ENGINES = ['sqlite', 'postgresql']
/** For node:test: why tests on an engine cannot run; false: they can. */
export const skipOn = engine => (engine === 'postgresql' && !SERVER ? 'MIGRATE_TEST_POSTGRESQL is not set' : false)

export function newFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'libmigrate-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** One empty database; query() goes through a connection of the test's own. */
class Database {
  constructor(engine, url, place) {
    Object.assign(this, { engine, url, place, name: engine === 'sqlite' ? basename(place) : new URL(url).pathname.slice(1) })
  }

  /** A connection as an application would have it, and what ends it. */
  async connect() {
    if (this.engine === 'sqlite') {
      const database = new Sqlite(this.place)
      return { connection: database, end: () => database.close() }
    }
    const client = new pg.Client(this.url)
    client.on('error', () => {})
    await client.connect()
    return { connection: client, end: () => client.end() }
  }

  async #with(body) {
    const { connection, end } = await this.connect()
    try {
      return await body(connection)
    } finally {
      await end()
    }
  }

  /** Rows as arrays of texts and nulls. */
  async query(sql) {
    const text = value => (value === null ? null : String(value))
    return await this.#with(async connection => {
      if (this.engine === 'postgresql') {
        const { rows } = await connection.query({ text: sql, rowMode: 'array', types: { getTypeParser: () => value => value } })
        return rows.map(row => row.map(text))
      }
      const statement = connection.prepare(sql)
      if (!hasRows(statement)) return void statement.run()
      asTexts(statement)
      return statement.all().map(row => row.map(text))
    })
  }

  async script(sql) {
    await this.#with(connection => (this.engine === 'sqlite' ? connection.exec(sql) : connection.query(sql)))
  }

  async tables() {
    if (this.engine === 'sqlite') {
      if (!existsSync(this.place)) return []
      return (
        await this.query(
          String.raw`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ` +
            String.raw`AND name NOT LIKE 'libmigrate\_%' ESCAPE '\' ORDER BY name`
        )
      ).flat()
    }
    return (
      await this.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') " +
          String.raw`AND relname NOT LIKE 'libmigrate\_%' ORDER BY relname COLLATE "C"`
      )
    ).flat()
  }
}

async function onServer(body) {
  const client = new pg.Client(SERVER)
  await client.connect()
  try {
    await body(client)
  } finally {
    await client.end()
  }
}

/** By copying files, where the server can: it does not sync them in tests, and so that is a quarter of the time. */
async function create(client, name) {
  const {
    rows: [{ number }]
  } = await client.query("SELECT current_setting('server_version_num')::int AS number")
  await client.query(`CREATE DATABASE ${name}${number >= 150000 ? ' STRATEGY file_copy' : ''}`)
}

/** t: the test, at whose end the database goes. */
export async function newDatabase(t, engine) {
  if (engine === 'sqlite') {
    const place = join(newFolder(t), 'data.db')
    return new Database(engine, `sqlite:${place}`, place)
  }
  const name = 'node_' + randomBytes(8).toString('hex')
  await onServer(client => create(client, name))
  t.after(() => onServer(client => client.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  const url = new URL(SERVER)
  url.pathname = '/' + name
  return new Database(engine, url.href, null)
}

export function writeFiles(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    if (text === null) rmSync(path)
    else {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
  }
}

export const TWO = {
  '001_users.sql': 'CREATE TABLE users (id integer PRIMARY KEY, name text);\n-- ROLLBACK: DROP TABLE users;\n',
  '002_orders.sql': 'CREATE TABLE orders (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE orders;\n'
}

/** Two migrations in a folder. */
export function twoMigrations(t, more = {}) {
  const folder = newFolder(t)
  writeFiles(folder, { ...TWO, ...more })
  return folder
}

/** A statement that takes a minute, at least. */
export function slow(engine) {
  return engine === 'postgresql'
    ? 'SELECT pg_sleep(60);'
    : 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000000) SELECT count(*) FROM c;'
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
