import { execFileSync } from 'node:child_process'

/**
 * What makes V8 take less processor time for processes that live for seconds. Fewer collections of what is new, and no threads that wait for each other: a
 * sixth of the time. Functions are optimised later, since most run too seldom to pay for it: a fifth of the time. What measures its process does without.
 * V8 counts bytes of code until then up to Node.js 20, and calls from Node.js 22 on.
 */
export const flagsOfV8 = [
  '--max-semi-space-size=32',
  '--min-semi-space-size=16',
  '--initial-heap-size=128',
  '--single-threaded-gc',
  '--interrupt-budget=1000000',
  '--invocation-count-for-maglev=3000',
  '--invocation-count-for-turbofan=24000'
]

/**
 * Those that a Node.js knows. It does not start with others.
 * @param {string} program Node.js.
 */
export function flagsKnownTo(program = process.execPath) {
  const text = execFileSync(program, ['--v8-options'], { encoding: 'utf8', env: {} })
  const known = new Set(Array.from(text.matchAll(/^ +(--[\w-]+) \(/gm), ([, name]) => name))
  return flagsOfV8.filter(flag => known.has(flag.split('=')[0]))
}
