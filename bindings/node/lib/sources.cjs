// SPDX-License-Identifier: MIT
// Migrations in memory: texts by path, and functions.
'use strict'

const { misuse } = require('./errors.cjs')

const bytes = text => (typeof text === 'string' ? Buffer.from(text, 'utf8') : text)

function isRecord(thing) {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing) && !thing[Symbol.iterator]
}

function addMigration({ id, up, down, version = '1' }, source, functions) {
  const code = [up, down].filter(part => typeof part === 'function').length
  if (typeof id !== 'string') throw misuse('a migration in memory needs an id')
  if (code === 0) {
    source.texts.push([id, up, down ?? null])
  } else if (code < [up, down].filter(part => part !== undefined && part !== null).length) {
    throw misuse(`migration ${id}: up and down must both be texts, or both be functions`)
  } else {
    source.codes.push([id, String(version), functions.push({ up, down }) - 1, typeof down === 'function', false])
  }
}

/** For the addon: what it adds to a source. functions gets the functions, which the addon knows by their numbers. */
function sourceOf(migrations, freshSchema, functions) {
  if (migrations === undefined && freshSchema === undefined) return undefined
  const source = { files: [], texts: [], codes: [] }
  if (isRecord(migrations)) {
    source.files = Object.entries(migrations).map(([path, text]) => [path, bytes(text)])
  } else {
    for (const migration of migrations ?? []) addMigration(migration, source, functions)
  }
  if (freshSchema !== undefined) {
    source.codes.push([freshSchema.standsFor, null, functions.push({ up: freshSchema.make }) - 1, false, true])
  }
  return source
}

module.exports = { sourceOf }
