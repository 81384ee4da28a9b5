// SPDX-License-Identifier: MIT
// The addon behind the package.
'use strict'

module.exports = require('../build/Release/addon.node')
