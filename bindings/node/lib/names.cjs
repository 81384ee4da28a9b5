// SPDX-License-Identifier: MIT
// The library's words in JavaScript's spelling, and back: wait_timeout is waitTimeout.
'use strict'

const camel = word => word.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())
const snake = word => word.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase())

module.exports = { camel, snake }
