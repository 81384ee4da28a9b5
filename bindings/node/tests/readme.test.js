// SPDX-License-Identifier: MIT
// Each example of the README is run, as it stands there, on databases of its own.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { TWO, newDatabase, skipOn, writeFiles } from './support.js'

const require = createRequire(import.meta.url)
const here = dirname(fileURLToPath(import.meta.url))
const readme = readFileSync(join(dirname(require.resolve('libmigrate/package.json')), 'README.md'), 'utf8')
const examples = [...readme.matchAll(/^```(js|ts)\n([^]*?)^```/gm)].map(([, language, text]) => ({ language, text }))

assert.ok(examples.length >= 7)

for (const [number, { language, text }] of examples.entries()) {
  const title = text.split('\n').find(line => line.startsWith('import') && !line.includes("'libmigrate'")) ?? text.split('\n')[0]
  const skip = skipOn('postgresql')
  test(`${number + 1}: ${title}`, { skip, timeout: 60_000 }, async t => {
    const database = await newDatabase(t, 'postgresql')
    const folder = mkdtempSync(join(here, '..', 'example-')) // beside the packages, so that they are found
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'migrations'))
    writeFiles(join(folder, 'migrations'), TWO)
    let code = text.replaceAll("'postgresql:///app'", `'${database.url}'`).replaceAll('3000', '0')
    if (language === 'ts') code = require('./compile.cjs')(code)
    writeFiles(folder, {
      'package.json': '{"type": "module"}',
      'example.js': code + '\nsetTimeout(() => process.exit(0), 100)\n'
    })
    const said = execFileSync(process.execPath, ['example.js'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe']
    })
    if (text.includes('app.db')) assert.ok(!said)
    else assert.ok((await database.tables()).includes('users'), said)
    if (number === 0) assert.match(said, /^true null 002_orders \[ '001_users', '002_orders' \] \d+\n$/)
  })
}
