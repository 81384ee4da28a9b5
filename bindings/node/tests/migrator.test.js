// SPDX-License-Identifier: MIT
// How the library feels in JavaScript: options, results, errors, events, migrations in memory, one call behind the other.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'node:test'
import {
  CodeError,
  IrreversibleError,
  MigrateError,
  MigrationsPending,
  Migrator,
  MisuseError,
  OptionError,
  RunStopped,
  SqlError,
  StaleError,
  readiness,
  startup
} from 'libmigrate'
import { ENGINES, TWO, newDatabase, newFolder, skipOn, twoMigrations, writeFiles } from './support.js'

for (const engine of ENGINES) {
  const on = (name, body) =>
    test(`${engine}: ${name}`, { skip: skipOn(engine), timeout: 60_000 }, async t => body(t, await newDatabase(t, engine)))

  on('start-up, by mode', async (t, database) => {
    const dir = twoMigrations(t)
    await assert.rejects(
      startup(database.url, { dir, mode: 'check' }),
      error => error instanceof MigrationsPending && error.report.pending === 2 && error.code === 'pending'
    )
    const report = await startup(database.url, { dir: pathToFileURL(dir + '/') })
    assert.deepEqual(
      [report.changed, report.from, report.to, report.applied],
      [true, null, '002_orders', ['001_users', '002_orders']]
    )
    assert.ok(Number.isInteger(report.waitedMs) && Object.isFrozen(report))
    assert.equal((await startup({ url: database.url, dir, mode: 'check' })).changed, false)
    assert.equal((await startup(database.url, { dir, mode: 'wait', waitTimeout: 500 })).changed, false)
    assert.equal((await startup('sqlite:/nowhere/at.all', { dir, mode: 'off' })).changed, false)
  })

  on('readiness', async (t, database) => {
    const dir = twoMigrations(t)
    const ready = readiness(database.url, { dir })
    assert.match((await ready()).reason, /2 migrations are pending/)
    await startup(database.url, { dir })
    assert.deepEqual(await ready(), { ready: true, reason: 'current' })
  })

  on('many start together: one applies', async (t, database) => {
    const dir = twoMigrations(t)
    const reports = await Promise.all(Array.from({ length: 6 }, () => startup(database.url, { dir })))
    assert.equal(reports.filter(report => report.changed).length, 1)
  })

  on('plan, apply, rollback', async (t, database) => {
    await using_(new Migrator(database.url, { dir: twoMigrations(t), backup: 'off' }), async migrator => {
      const plan = await migrator.plan('+1')
      assert.deepEqual(
        [...plan].map(step => step.id),
        ['001_users']
      )
      assert.match(await plan.sql(), /CREATE TABLE users/)
      assert.deepEqual((await migrator.apply(plan)).applied, ['001_users'])
      await assert.rejects(migrator.apply(plan), StaleError)
      assert.deepEqual((await migrator.apply('002')).applied, ['002_orders'])
      assert.deepEqual((await migrator.rollback()).rolledBack, ['002_orders'])
      assert.deepEqual((await migrator.rollback('empty', {})).rolledBack, ['001_users'])
      assert.deepEqual(
        (await migrator.history()).events.map(event => event.event),
        ['applied', 'applied', 'rolled_back', 'rolled_back']
      )
    })
    assert.deepEqual(await database.tables(), [])
  })

  on('a run that is pulled', async (t, database) => {
    await using_(new Migrator(database.url, { dir: twoMigrations(t) }), async migrator => {
      const run = await migrator.run()
      assert.equal(await run.step(), true)
      assert.deepEqual(await database.tables(), ['users'])
      migrator.stop()
      assert.equal(await run.step(), false)
      const report = await run.end()
      assert.deepEqual([report.applied, report.stopped, await run.end()], [['001_users'], true, report])
      const next = await migrator.run('002_orders')
      while (await next.step());
      await next[Symbol.asyncDispose]()
    })
    assert.deepEqual(await database.tables(), ['orders', 'users'])
  })

  on('an error says what, where and what to do', async (t, database) => {
    const dir = twoMigrations(t, { '003_bad.sql': 'CREATE TABLE fine (id integer);\nINSERT INTO absent VALUES (1);\n' })
    const error = await startup(database.url, { dir }).catch(error => error)
    assert.ok(error instanceof SqlError && error instanceof MigrateError && error instanceof Error)
    assert.deepEqual([error.name, error.code, error.class, error.id, error.line], ['SqlError', 'sql', 'source', '003_bad', 2])
    assert.equal(error.file, join(dir, '003_bad.sql'))
    assert.match(error.message, /003_bad\.sql:2:\d+: .*absent/)
    assert.ok(error.summary.includes('absent') && !error.summary.includes('\n'))
    assert.match(error.stack, /migrator\.test\.js/, 'the stack leads to who called')
    if (engine === 'postgresql') assert.equal(error.sqlstate, '42P01')
    assert.deepEqual(await database.tables(), ['orders', 'users'])
  })

  on('migrations in JavaScript', async (t, database) => {
    const seen = []
    const fill = async connection => {
      seen.push(connection.engine)
      await connection.execute("INSERT INTO users VALUES (1, 'Ada'), (2, NULL); SELECT 1")
      const quoted = await connection.quote("it's")
      const [row] = await connection.query(`SELECT name, ${quoted} AS said FROM users WHERE id = 1`)
      assert.deepEqual(row, { name: 'Ada', said: "it's" })
      assert.deepEqual(await connection.query('SELECT id, name FROM users WHERE id = 3'), [])
      assert.deepEqual(await connection.query('SELECT 1 AS a, 2 AS a'), [{ a: '2' }])
      connection.execute(`UPDATE users SET name = ${quoted} WHERE id = 2`) // nobody waits: it belongs to the migration all the same
      kept = connection
    }
    let kept
    const migrations = [
      { id: '001_users', up: TWO['001_users.sql'] },
      { id: '002_fill', up: fill, down: connection => connection.execute('DELETE FROM users'), version: 2 }
    ]
    await using_(new Migrator(database.url, { migrations, backup: 'off' }), async migrator => {
      assert.deepEqual((await migrator.apply()).applied, ['001_users', '002_fill'])
      assert.deepEqual(await database.query('SELECT name FROM users ORDER BY id'), [['Ada'], ["it's"]])
      await assert.rejects(kept.execute('SELECT 1'), MisuseError)
      await migrator.rollback('-1')
    })
    assert.deepEqual(await database.query('SELECT count(*) FROM users'), [['0']])
    assert.deepEqual(seen, [engine])
  })

  on('a migration in JavaScript that throws', async (t, database) => {
    const because = new RangeError('no such luck')
    const migrations = [
      {
        id: '001_x',
        up: async connection => {
          await connection.execute('CREATE TABLE x (id integer)')
          throw because
        }
      }
    ]
    await assert.rejects(
      startup(database.url, { migrations }),
      error => error instanceof CodeError && error.cause === because && error.message.includes('RangeError: no such luck')
    )
    const bad = [{ id: '001_x', up: connection => connection.query('SELECT * FROM absent') }]
    await assert.rejects(startup(database.url, { migrations: bad }), error => error.cause instanceof SqlError)
    assert.deepEqual(await database.tables(), [])
  })

  on('a declared schema in JavaScript, and the fast road', async (t, database) => {
    const make = connection =>
      connection.execute('CREATE TABLE users (id integer PRIMARY KEY, name text); CREATE TABLE more (id integer);')
    const options = { migrations: { '001_users.sql': TWO['001_users.sql'] }, schema: make, reconcile: 'apply' }
    await startup(database.url, options)
    assert.deepEqual(await database.tables(), ['more', 'users'])
    const other = await newDatabase(t, engine)
    const report = await startup(other.url, { migrations: options.migrations, freshSchema: { standsFor: '001_users', make } })
    assert.deepEqual(await other.tables(), ['more', 'users'])
    assert.equal(report.to, '001_users')
  })

  on('events', async (t, database) => {
    const heard = []
    let during = 0
    await using_(
      new Migrator(database.url, {
        dir: twoMigrations(t),
        onEvent: async event => {
          during++
          heard.push(event.name)
          during--
        }
      }),
      async migrator => {
        const events = migrator.events()
        const listed = (async () => {
          const names = []
          for await (const event of events) names.push(`${event.name} ${event.id ?? ''}`.trim())
          return names
        })()
        await migrator.apply()
        await migrator.close()
        const names = await listed
        assert.ok(
          names.includes('applied 001_users') && names.includes('applied 002_orders') && names.at(-1).startsWith('finished')
        )
        assert.deepEqual(
          names.map(name => name.split(' ')[0]),
          heard
        )
        assert.equal(during, 0)
      }
    )
  })

  on('what onEvent throws ends the call', async (t, database) => {
    const because = new Error('enough')
    const options = {
      dir: twoMigrations(t),
      onEvent: event => {
        if (event.id === '002_orders' && event.name === 'step') throw because
      }
    }
    await assert.rejects(startup(database.url, options), error => error === because)
    await startup(database.url, { dir: options.dir })
    assert.deepEqual(await database.tables(), ['orders', 'users'])
  })

  on('calls run one behind the other, and callbacks may not call', async (t, database) => {
    let migrator
    const inside = []
    const onEvent = async event => {
      if (event.name === 'plan') inside.push(await migrator.status().catch(error => error.code))
    }
    await using_((migrator = new Migrator(database.url, { dir: twoMigrations(t), onEvent })), async () => {
      const [before, report, after] = await Promise.all([migrator.status(), migrator.apply(), migrator.status()])
      assert.deepEqual([before.pending, report.applied.length, after.pending], [2, 2, 0])
      assert.deepEqual(inside, ['misuse'])
    })
    await assert.rejects(migrator.status(), MisuseError)
    await migrator.close()
  })
}

/** `await using`, in words that Node 18 knows. */
async function using_(migrator, body) {
  try {
    await body(migrator)
  } finally {
    await migrator[Symbol.asyncDispose]()
  }
}

test('wrong options are told at once', () => {
  assert.throws(
    () => new Migrator('sqlite::memory:', { waitTimeouts: '1s' }),
    error => error instanceof OptionError && error.message.includes('wait_timeout')
  )
  assert.throws(() => new Migrator('sqlite::memory:', { mode: 'sometimes' }), OptionError)
  assert.throws(
    () => new Migrator('sqlite::memory:', { migrations: [{ id: '001_a', up: 'SELECT 1', down: () => {} }] }),
    MisuseError
  )
  assert.throws(() => new Migrator('sqlite::memory:', { connection: {} }), MisuseError)
  assert.throws(() => new Migrator({ connection: {} }), TypeError)
  assert.throws(() => new Migrator('sqlite::memory:', { reason: 'a\0b' }), TypeError)
})

test('numbers and truth values are options', async t => {
  const migrator = new Migrator('sqlite::memory:', {
    migrations: TWO,
    waitTimeout: 1500,
    backupMaxBytes: 1_000_000,
    ddlLockAttempts: 3,
    fingerprint: true,
    verify: false
  })
  t.after(() => migrator.close())
  await migrator.apply()
  assert.equal((await migrator.history()).events.at(-1).fingerprint?.length > 0, true)
})

test('a run budget ends a start-up early', async t => {
  const place = join(newFolder(t), 'x.db')
  await assert.rejects(
    startup(`sqlite:${place}`, { migrations: TWO, runBudget: '1us' }),
    error => error instanceof RunStopped && error.report.stopped
  )
  const stop = AbortSignal.abort()
  const options = { migrations: { ...TWO }, stopSignal: stop }
  await assert.rejects(startup(`sqlite:${place}`, options), MigrateError)
  assert.deepEqual((await startup(`sqlite:${place}`, { migrations: TWO })).to, '002_orders')
})

test('irreversible', async t => {
  const migrator = new Migrator('sqlite::memory:', {
    migrations: { '001_a.sql': 'CREATE TABLE a (id integer);' },
    generateDown: 'off'
  })
  t.after(() => migrator.close())
  await migrator.apply()
  await assert.rejects(migrator.rollback(), IrreversibleError)
})

test('files alone', async t => {
  const dir = twoMigrations(t)
  const migrator = Migrator.forFiles({ dir, engine: 'sqlite' })
  t.after(() => migrator.close())
  assert.equal((await migrator.check()).ok, true)
  assert.match((await migrator.graph()).mermaid, /001_users/)
  await assert.rejects(migrator.apply(), MisuseError)
  const other = newFolder(t)
  writeFiles(other, { '001_users.sql': 'SELECT 2;\n', '002_others.sql': 'SELECT 1;\n' })
  assert.equal((await migrator.checkAgainst(pathToFileURL(other))).ok, false)
})

test('the environment counts only where it is asked for', async t => {
  const place = join(newFolder(t), 'env.db')
  process.env.MIGRATE_DIR = twoMigrations(t)
  process.env.DATABASE_URL = `sqlite:${place}`
  t.after(() => {
    delete process.env.MIGRATE_DIR
    delete process.env.DATABASE_URL
  })
  assert.deepEqual((await startup({ environment: true })).applied, ['001_users', '002_orders'])
  await assert.rejects(startup({ mode: 'check' }), MigrateError)
  assert.ok(existsSync(place))
})

test('an endless wait for the database has an end', async () => {
  const from = Date.now()
  await assert.rejects(
    startup('postgresql://nobody@127.0.0.1:1/none', { migrations: TWO, waitTimeout: '300ms' }),
    error => error.code === 'connect'
  )
  assert.ok(Date.now() - from < 3000)
})

test("backups of PostgreSQL are the program's", { skip: skipOn('postgresql') }, async t => {
  const database = await newDatabase(t, 'postgresql')
  const folder = newFolder(t)
  const jobs = []
  const options = {
    dir: twoMigrations(t),
    backupDir: folder,
    backup: 'always',
    onBackup: async job => {
      jobs.push(job)
      if (job.verb === 'backup') writeFiles(folder, { [job.file.slice(folder.length + 1)]: 'all of it' })
    }
  }
  assert.equal((await startup(database.url, options)).backup, null, 'there was nothing yet')
  const report = await startup(database.url, { ...options, migrations: { '003_more.sql': 'CREATE TABLE more (id integer);' } })
  assert.ok(existsSync(report.backup))
  assert.deepEqual(
    jobs.map(job => job.verb),
    ['backup', 'verify']
  )
  assert.ok(jobs[0].url.includes(database.name) && jobs[0].signal instanceof AbortSignal && /^\d+/.test(jobs[0].server))
  const broken = {
    ...options,
    onMissing: 'allow',
    onAhead: 'allow',
    migrations: { '004_x.sql': 'SELECT 1;' },
    onBackup: () => {
      throw new Error('the disk is full')
    }
  }
  await assert.rejects(
    startup(database.url, broken),
    error => error.message.includes('the disk is full') && error.cause.message === 'the disk is full'
  )
  assert.deepEqual(await database.tables(), ['more', 'orders', 'users'])
})
