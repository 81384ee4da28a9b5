// SPDX-License-Identifier: MIT
export * from './index.cjs'
import * as libmigrate from './index.cjs'
export default libmigrate
