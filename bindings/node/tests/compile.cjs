// SPDX-License-Identifier: MIT
// TypeScript's compiler over one text: its types are checked, and JavaScript comes out.
'use strict'

const { execFileSync } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const compiler = require.resolve('typescript/package.json').replace('package.json', join('bin', 'tsc'))

module.exports = function compile(code) {
  const folder = mkdtempSync(join(__dirname, '..', 'compile-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(join(folder, 'example.ts'), code)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          target: 'es2022',
          module: 'nodenext',
          experimentalDecorators: true,
          skipLibCheck: true,
          esModuleInterop: true,
          types: ['node']
        },
        files: ['example.ts']
      })
    )
    execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return readFileSync(join(folder, 'example.js'), 'utf8')
  } catch (error) {
    throw new Error(error.stdout ?? error.message, { cause: error })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
