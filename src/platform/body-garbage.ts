/** The buffers that bodies leave behind, and when they are collected. This is a matter of memory alone. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of bodies after which what they leave behind is collected. */
const portion = 8 * 1024 * 1024

let passed = 0
type Collect = (options: { type: 'minor' }) => void
let collect: Collect | undefined

/**
 * To be called with the bytes of a body that have passed through in buffers of their own. The objects are small and their buffers are not, so V8
 * would let tens of megabytes lie. A collection takes a fraction of a millisecond.
 */
export function noteBodyBytes(bytes: number): void {
  passed += bytes
  if (passed < portion) return
  passed = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

/** V8's collector has no other door than this flag. */
function collector(): Collect {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
