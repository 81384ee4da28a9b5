// SPDX-License-Identifier: MIT
import type { FastifyPluginAsync } from 'fastify'
import type { Readiness, Report, StartupOptions } from './index.cjs'

declare module 'fastify' {
  interface FastifyInstance {
    /** What the migrations did at this start. */
    migrateReport: Report
    /** For a readiness probe: only looks. */
    migrateReady(): Promise<Readiness>
  }
}

/** await app.register(libmigrate, { url, dir }): options as of startup(). Fastify needs pluginTimeout: 0. */
declare const libmigrate: FastifyPluginAsync<StartupOptions> & { default: FastifyPluginAsync<StartupOptions> }
export = libmigrate
