// SPDX-License-Identifier: MIT
import libmigrate from './fastify.cjs'
export default libmigrate
