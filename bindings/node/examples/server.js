// SPDX-License-Identifier: MIT
// A server that brings its database up to date before it listens, and whose readiness answers for its schema.
//     DATABASE_URL=postgresql:///app MIGRATIONS_DIR=migrations PORT=8080 node server.js
import Fastify from 'fastify'
import libmigrate from 'libmigrate/fastify'

const { DATABASE_URL, MIGRATIONS_DIR, PORT } = process.env
const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => ending.abort(signal))

const app = Fastify({ pluginTimeout: 0 })
app.get('/', async () => 'hello')
app.get('/ready', async (request, reply) => {
  const { ready, reason } = await app.migrateReady()
  return reply.code(ready ? 200 : 503).send(reason)
})

try {
  await app.register(libmigrate, { url: DATABASE_URL, dir: MIGRATIONS_DIR, signal: ending.signal })
  await app.listen({ host: '127.0.0.1', port: Number(PORT), signal: ending.signal })
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
