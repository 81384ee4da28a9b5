// SPDX-License-Identifier: MIT
// The same for a program of CommonJS modules.
import libmigrate = require('libmigrate')
import plugin = require('libmigrate/fastify')

export async function start(): Promise<boolean> {
  const report: libmigrate.Report = await libmigrate.startup('sqlite:app.db', { dir: 'migrations' })
  return report.changed && typeof plugin.default === 'function'
}
