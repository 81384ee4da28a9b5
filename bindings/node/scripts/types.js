// SPDX-License-Identifier: MIT
// Writes lib/options.d.cts from the library's own table of options, so that every option is a keyword with its help. A test compares.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { options } from 'libmigrate'

const camel = key => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
const KINDS = { text: 'string | URL', duration: 'Duration', number: 'number | string', size: 'number | string', truth: 'boolean' }

function kindOf({ type, values }) {
  if (type !== 'word') return KINDS[type]
  const words = values.split('|')
  const truth = words.includes('on') && words.includes('off') ? ' | boolean' : ''
  return words.map(word => `'${word}'`).join(' | ') + truth
}

export function optionTypes() {
  const members = options().map(option => {
    const standard = option.default ? ` Default: ${option.default}.` : ''
    return `  /** ${option.help.replace(/\.?$/, '.')}${standard} */\n  ${camel(option.key)}?: ${kindOf(option)} | undefined\n`
  })
  return `// SPDX-License-Identifier: MIT
// Made by scripts/types.js from the library's table of options: do not edit.

/** A text with a unit ("500ms", "30s", "5min", "none"), or milliseconds. */
export type Duration = string | number

/** Every option of the library. */
export interface Options {
${members.join('')}}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../lib/options.d.cts', import.meta.url), optionTypes())
}
