// SPDX-License-Identifier: MIT
// Memory: a thousand open, apply, close in a row, and what nobody closed. Needs --expose-gc.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { Migrator, startup } from 'libmigrate'
import { TWO, newDatabase, newFolder, skipOn } from './support.js'

const MIB = 1024 * 1024
const collect = async () => {
  for (let i = 0; i < 3; i++) {
    global.gc()
    await new Promise(resolve => setImmediate(resolve))
  }
}
const resident = async () => {
  await collect()
  return process.memoryUsage().rss
}

/** body, a thousand times: what the process holds after 200 it holds after 1000, or, where V8 has grown its heap, after 2000. */
async function flat(t, body) {
  const marks = []
  for (let i = 1; i <= 2000; i++) {
    await body(i)
    if (![200, 1000, 2000].includes(i)) continue
    marks.push(await resident())
    if (i === 1000 && marks[1] - marks[0] < 2 * MIB) break
  }
  const grown = marks.at(-1) - marks.at(-2)
  t.diagnostic(`resident: ${marks.map(mark => `${Math.round(mark / 1024)} KiB`).join(', ')}`)
  assert.ok(grown < 2 * MIB, `grown by ${Math.round(grown / 1024)} KiB`)
}

test('the tests run with --expose-gc', () => assert.equal(typeof global.gc, 'function'))

test('SQLite by URL', { timeout: 120_000 }, async t => {
  const place = join(newFolder(t), 'x.db')
  await flat(t, async i => {
    if (i % 50 === 0) rmSync(place, { force: true })
    await startup(`sqlite:${place}`, { migrations: TWO, onEvent() {} })
  })
})

test("SQLite, the application's own connection", { timeout: 120_000 }, async t => {
  const connection = new Sqlite(':memory:')
  t.after(() => connection.close())
  await flat(t, () => startup({ connection, migrations: TWO, onEvent() {} }))
})

test('errors, functions and plans', { timeout: 120_000 }, async t => {
  const migrations = [
    {
      id: '001_x',
      up: async connection => {
        await connection.query('SELECT 1')
        throw new Error('no')
      }
    }
  ]
  await flat(t, async () => {
    const migrator = new Migrator('sqlite::memory:', { migrations })
    await migrator.plan()
    await migrator.apply().catch(error => error.stack)
    await migrator.close()
  })
})

test('PostgreSQL by URL', { skip: skipOn('postgresql'), timeout: 240_000 }, async t => {
  const database = await newDatabase(t, 'postgresql')
  await flat(t, () => startup(database.url, { migrations: TWO }))
})

test('what nobody closed is collected', async t => {
  const place = join(newFolder(t), 'x.db')
  let collected = 0
  const registry = new FinalizationRegistry(() => {
    collected++
  })
  await (async () => {
    for (let i = 0; i < 50; i++) {
      const migrator = new Migrator(`sqlite:${place}`, { migrations: TWO, onEvent() {} })
      registry.register(migrator, i)
      await migrator.apply()
    }
  })()
  for (let i = 0; i < 20 && collected < 45; i++) await collect()
  assert.ok(collected >= 45, `${collected} of 50`)
})
