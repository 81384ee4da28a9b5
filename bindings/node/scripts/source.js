// SPDX-License-Identifier: MIT
// Puts the C library's one file and the command line's source into csource/. In a checkout they are made anew; a package has them.
//     node scripts/source.js [--list]      --list: the command line's files, for binding.gyp
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))
const root = join(here, '..', '..')
const into = join(here, 'csource')
const isSource = name => /\.[ch]$/.test(name)

if (process.argv[2] === '--list') {
  const files = readdirSync(join(into, 'migratectl'))
    .filter(name => name.endsWith('.c'))
    .sort()
  console.log(files.map(name => `csource/migratectl/${name}`).join(' '))
} else if (existsSync(join(root, 'lib', 'amalgamate.py'))) {
  rmSync(into, { recursive: true, force: true })
  mkdirSync(join(into, 'migratectl'), { recursive: true })
  execFileSync('python3', [join(root, 'lib', 'amalgamate.py'), into], { stdio: 'inherit' })
  const commandLine = join(root, 'examples', 'migratectl')
  for (const name of readdirSync(commandLine).filter(isSource))
    copyFileSync(join(commandLine, name), join(into, 'migratectl', name))
} else if (!existsSync(join(into, 'libmigrate.c'))) {
  throw new Error(
    'The C source of libmigrate is neither in csource/ nor two folders up: install the package, or from the repository'
  )
}
