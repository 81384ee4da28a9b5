// SPDX-License-Identifier: MIT
// JavaScript's values as the library's option texts.
'use strict'

const { fileURLToPath } = require('node:url')
const native = require('./native.cjs')
const { snake } = require('./names.cjs')

let known

/** Every option of the library: key, type, default, values, secret, since, help, environment. */
function options() {
  known ??= JSON.parse(native.options()).rows.map(row => Object.freeze(row))
  return known.slice()
}

let types

function typeOf(key) {
  types ??= new Map(options().map(option => [option.key, option.type]))
  return types.get(key)
}

function numberText(key, value) {
  switch (typeOf(key)) {
    case 'duration':
      return `${Math.round(value * 1000)}us`
    case 'size':
      return `${value}B`
    default:
      return String(value)
  }
}

/** Durations: a text with a unit, or milliseconds; sizes: a text, or bytes; on and off: truth values too; file: URLs as paths. */
function textOf(key, value) {
  if (value === undefined || value === null) return null
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number') return numberText(key, value)
  if (value instanceof URL) return value.protocol === 'file:' && key !== 'url' ? fileURLToPath(value) : value.href
  const text = String(value)
  if (text.includes('\0')) throw new TypeError(`${key}: a text for libmigrate must not contain NUL`)
  return text
}

const UNITS = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration as the library writes it, in milliseconds; undefined: no limit. */
function millisecondsOf(duration) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(us|ms|s|min|h|d)$/.exec(duration ?? '') ?? []
  return unit === undefined || Number(number) === 0 ? undefined : Number(number) * UNITS[unit]
}

/** {waitTimeout: 500} as [["wait_timeout", "500000us"]]; what is undefined is left as it is. */
function optionPairs(given) {
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const key = snake(name)
      return [key, textOf(key, value)]
    })
}

module.exports = { options, optionPairs, textOf, millisecondsOf }
