// SPDX-License-Identifier: MIT
// Events as an async iterator: what came is kept until it is asked for, so nobody waits for a slow reader.
'use strict'

class EventQueue {
  #waiting = []
  #kept = []
  #ended = false
  #onEnd

  constructor(onEnd) {
    this.#onEnd = onEnd
  }

  push(event) {
    const waiting = this.#waiting.shift()
    if (waiting) waiting({ value: event, done: false })
    else this.#kept.push(event)
  }

  end() {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(this)
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true })
  }

  async next() {
    if (this.#kept.length > 0) return { value: this.#kept.shift(), done: false }
    if (this.#ended) return { value: undefined, done: true }
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  async return() {
    this.end()
    this.#kept = []
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator]() {
    return this
  }
}

module.exports = { EventQueue }
