/** The code that no test has run, from the coverage of its files. */

import { transformSync } from 'esbuild'

/**
 * @typedef {object} Covered
 * @property {string} file
 * @property {Record<number, number>} lines The number of runs of each executable line.
 * @property {{ total: number, covered: number }} branches
 */

/**
 * Lines and branches of each folder, and finally of all.
 * @param {readonly Covered[]} files
 */
export function rooms(files) {
  /** @type {Map<string, { room: string, lines: number, run: number, all: number, taken: number }>} */
  const found = new Map()
  for (const { file, lines, branches } of files)
    for (const room of [roomOf(file), 'all']) {
      const sum = found.get(room) ?? { room, lines: 0, run: 0, all: 0, taken: 0 }
      sum.lines += Object.keys(lines).length
      sum.run += Object.values(lines).filter(count => count > 0).length
      sum.all += branches.total
      sum.taken += branches.covered
      found.set(room, sum)
    }
  return [...found.values()]
    .sort((one, other) => Number(one.room === 'all') - Number(other.room === 'all') || (one.room < other.room ? -1 : 1))
    .map(({ room, lines, run, all, taken }) => ({ room, lines, run, branches: all === 0 ? 1 : taken / all }))
}

/**
 * The longest blocks of lines without a run, longest first. Lines that are not executable, such as blank ones and types, do not end a block.
 * @param {readonly Covered[]} files
 * @param {number} count
 */
export function holes(files, count) {
  return files
    .flatMap(({ file, lines }) => {
      /** @type {{ file: string, from: number, to: number }[]} */
      const found = []
      let isOpen = false
      for (const [line, times] of Object.entries(lines).sort(([one], [other]) => Number(one) - Number(other))) {
        if (times > 0) isOpen = false
        else if (isOpen) found.at(-1).to = Number(line)
        else {
          isOpen = true
          found.push({ file, from: Number(line), to: Number(line) })
        }
      }
      return found
    })
    .sort((one, other) => other.to - other.from - (one.to - one.from))
    .slice(0, count)
}

/**
 * True if no line of the file has run.
 * @param {Covered} file
 */
export function isUnloaded({ lines }) {
  return Object.values(lines).every(times => times === 0)
}

/**
 * False for a TypeScript file that holds types alone.
 * @param {string} text
 */
export function hasCode(text) {
  return transformSync(text, { loader: 'tsx', minify: true }).code.trim() !== ''
}

/** @param {string} file */
function roomOf(file) {
  return file.split('/').slice(0, -1).slice(0, 2).join('/')
}
