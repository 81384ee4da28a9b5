#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// npx libmigrate: the command line migratectl, argument for argument.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../build/Release/migratectl', import.meta.url))
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' })

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'])
  process.on(signal, () => child.kill(signal))
child.on('error', error => {
  console.error(`libmigrate: ${program}: ${error.message}`)
  process.exitCode = 127
})
child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exitCode = code
    return
  }
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
