/** Collects garbage of bodies early, which only saves memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const portion = 8 * 1024 * 1024

let passed = 0
type Collect = (options: { type: 'minor' }) => void
let collect: Collect | undefined

/**
 * Counts body bytes whose buffers are garbage. V8 sees only small objects and not their buffers, so tens of megabytes would stay. A collection takes less than
 * a millisecond.
 */
export function noteBodyBytes(bytes: number): void {
  passed += bytes
  if (passed < portion) return
  passed = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

/** V8 exposes its collector only with this flag. */
function collector(): Collect {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
