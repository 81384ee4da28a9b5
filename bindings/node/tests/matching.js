// SPDX-License-Identifier: MIT
// How what a call answers matches what a case of the conformance suite expects (its README says so).
import assert from 'node:assert/strict'

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)
const show = value => JSON.stringify(value) ?? 'nothing'

/** Throws an AssertionError that says where they differ. */
export function match(value, expected, at) {
  if (isObject(expected)) {
    const names = Object.keys(expected)
    if (names.length === 1 && names[0].startsWith('$')) return ask(value, names[0], expected[names[0]], at)
    assert.ok(isObject(value), `${at}: ${show(value)} is no object`)
    for (const name of names) match(value[name], expected[name], `${at}.${name}`)
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(value) && value.length === expected.length, `${at}: ${show(value)} is not ${show(expected)}`)
    expected.forEach((item, number) => match(value[number], item, `${at}[${number}]`))
  } else {
    assert.ok((value ?? null) === expected, `${at}: ${show(value)} is not ${show(expected)}`)
  }
}

export function matches(value, expected) {
  try {
    match(value, expected, '')
    return true
  } catch (error) {
    if (error instanceof assert.AssertionError) return false
    throw error
  }
}

const QUESTIONS = {
  $contains: (value, words) => typeof value === 'string' && words.every(word => value.includes(word)),
  $lacks: (value, words) => value === null || value === undefined || !words.some(word => value.includes(word)),
  $present: (value, [wanted]) => (value !== null && value !== undefined) === wanted,
  $includes: (value, items) => Array.isArray(value) && items.every(item => value.some(one => matches(one, item))),
  $excludes: (value, items) => Array.isArray(value) && !items.some(item => value.some(one => matches(one, item))),
  $count: (value, [count]) => Array.isArray(value) && value.length === count,
  $least: (value, [least]) => typeof value === 'number' && value >= least
}

function ask(value, question, wanted, at) {
  const answer = QUESTIONS[question]
  assert.ok(answer, `${at}: the runner does not know ${question}`)
  assert.ok(
    answer(value, Array.isArray(wanted) ? wanted : [wanted]),
    `${at}: ${show(value)}, asked for ${question} ${show(wanted)}`
  )
}
