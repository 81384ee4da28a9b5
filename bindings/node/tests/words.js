// SPDX-License-Identifier: MIT
// The binding's results in the words of the conformance suite: waitedMs is waited_us, an instant is a number, and the rows are called rows.
const OWN = ['ok', 'differs', 'stopped']

const snake = word => word.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase())

function wordsOfRow(row) {
  const words = {}
  for (const [name, value] of Object.entries(row)) {
    const word = snake(name)
    if (value instanceof Date) words[word] = value.getTime() * 1000
    else if (word.endsWith('_ms') && typeof value === 'number') words[word.replace(/_ms$/, '_us')] = Math.round(value * 1000)
    else words[word] = value
  }
  return words
}

/** A whole result; an array is one whose rows are all that it has. */
export function wordsOf(result, rowsName) {
  if (Array.isArray(result)) return { count: result.length, rows: result.map(wordsOfRow) }
  const rest = Object.fromEntries(Object.entries(result).filter(([name]) => name !== rowsName && !OWN.includes(name)))
  return { ...wordsOfRow(rest), rows: (result[rowsName] ?? []).map(wordsOfRow) }
}

export function wordsOfReport(report) {
  return { ...wordsOf(report, 'steps'), waited_ms: report.waitedMs }
}

export function wordsOfError(error) {
  const { code, summary, cause, report, ...fields } = error
  const words = { ...wordsOfRow(fields), name: code === 'ABORT_ERR' ? 'cancelled' : code, message: summary }
  if (error.file) words.place = `${error.file}:${error.line ?? 0}:${error.column ?? 0}`
  return words
}
