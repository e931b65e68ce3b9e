/**
 * V8's young generation, where what a request makes lives and dies. Owns its size and, while big bodies pass, how often it is looked
 * through; both are a matter of speed and memory alone, and nothing depends on them.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of bodies after which what they leave behind is collected. */
const portion = 8 * 1024 * 1024

/**
 * To be called before anything else is loaded, since loading makes it grow. One request makes about ten kilobytes of objects that die at
 * once. Beginning at 1 MB and doubling, a busy gate spends a third of its time on collecting; at 8 MB, a twentieth.
 */
export function enlargeYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=8')
}

/** To be called once all is loaded: it stays as large as it is now. Larger, it would cost more memory than it saves time. */
export function fixYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

let passed = 0
type Collect = (options: { type: 'minor' }) => void
let collect: Collect | undefined

/**
 * So many bytes of a body have passed through, in buffers of their own. The objects are small and their buffers are not: V8 sees no reason
 * to look for them before tens of megabytes lie about, so it is asked to, every so often. It takes a fraction of a millisecond.
 */
export function noteBodyBytes(bytes: number): void {
  passed += bytes
  if (passed < portion) return
  passed = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

function collector(): Collect {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
