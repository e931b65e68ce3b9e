/** The size of V8's young generation, which affects only speed and memory. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const enoughBytes = 16 * 1024 * 1024
const checkMs = 250

/**
 * Keeps it small while the program is loaded, and lets it grow to 16 MB while the gate is busy. Call it before most modules are loaded: what they leave would
 * make it grow to 32 MB, on Node.js 24 to 128 MB. At V8's first size, collection takes a twentieth to a tenth of a busy gate's time. V8 reports one half or
 * both, depending on its collector.
 */
export function keepYoungGeneration(): void {
  let factor = 1
  // V8 multiplies the size by the factor when as much has survived as it holds.
  const use = (next: number) => {
    factor = next
    setFlagsFromString(`--semi-space-growth-factor=${factor}`)
  }
  use(1)
  setInterval(() => {
    const size = getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0
    const next = size < enoughBytes ? 2 : 1
    if (next !== factor) use(next)
  }, checkMs).unref()
}
