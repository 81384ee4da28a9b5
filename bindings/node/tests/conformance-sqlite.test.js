// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCases } from './conformance.js'
import { matches } from './matching.js'

testCases('sqlite')

test('the runner can fail', () => {
  const pairs = [
    [1, true],
    [[1], [1, 2]],
    [{ a: 1 }, { b: 1 }],
    ['ab', { $contains: 'x' }],
    [[1], { $excludes: [1] }],
    [null, { $present: true }]
  ]
  for (const [value, expected] of pairs) assert.equal(matches(value, expected), false)
})
