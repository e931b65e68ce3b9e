import { spawnSync } from 'node:child_process'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import t from 'tap'
import { noteBodyBytes } from '../../src/platform/body-garbage.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'

interface Sizes {
  /** While the program is loaded, before any timer runs. */
  readonly loading: number[]
  /** While it is busy. */
  readonly busy: number[]
  /** While it is busy and large enough. */
  readonly enough: number[]
  /** After V8 has made the young generation small, before any timer runs. */
  readonly shrunk: number[]
  /** While it is busy again. */
  readonly again: number[]
  /** V8 complains of flags that it does not know. */
  readonly complaints: string
}

/** Sizes of the young generation in MB, in the order in which a process has them. V8 reports one half or both, depending on its collector. */
function sizesInTurn(): Sizes {
  const from = new URL('../../src/platform/gc-tuning.ts', import.meta.url)
  const program = `
    import { getHeapSnapshot, getHeapSpaceStatistics } from 'node:v8'
    import { keepYoungGeneration } from '${from}'
    const size = () => getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size / 2 ** 20
    let kept = []
    // It grows at a collection that much has survived, so how many objects that takes differs.
    function allocate(enough = 0) {
      const sizes = [size()]
      for (let i = 0; i < 400_000 || (size() < enough && i < 20_000_000); i++) {
        kept.push({ i, list: [i] })
        if (kept.length > 40_000) kept = []
        if (i % 500 === 0 && size() !== sizes.at(-1)) sizes.push(size())
      }
      return sizes
    }
    keepYoungGeneration()
    // A timer of the same length that began later fires later.
    const nextCheck = () => new Promise(resolve => setTimeout(resolve, 250))
    const loading = allocate()
    await nextCheck()
    const busy = allocate(16)
    await nextCheck()
    const enough = allocate()
    // A snapshot of the heap collects as V8 does in a quiet hour.
    getHeapSnapshot().destroy()
    const shrunk = allocate()
    await nextCheck()
    console.log(JSON.stringify({ loading, busy, enough, shrunk, again: allocate(16) }))`
  // V8 would soon put objects that often survive beside the young generation at once.
  const flags = ['--no-allocation-site-pretenuring', '--input-type=module']
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, readsTypeScript, '-e', program], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH }
  })
  return { ...JSON.parse(stdout), complaints: stderr }
}

t.test('the young generation stays small while modules are loaded, and grows while the gate is busy', async t => {
  const { loading, busy, enough, shrunk, again, complaints } = sizesInTurn()
  t.equal(complaints, '')
  // Node.js 24 lets it grow by quarters of a megabyte now and then, and takes them away again.
  t.ok(Math.min(...loading.slice(-2)) < 8, `loading: ${loading}`)
  t.ok(Math.max(...busy) >= 16, `busy: ${busy}`)
  t.equal(enough.length, 1, `then no more: ${enough}`)
  t.ok(Math.min(...shrunk.slice(-2)) < 8, `a quiet hour leaves ${shrunk}`)
  t.ok(Math.max(...again) >= 16, `busy again: ${again}`)
})

t.test('eight megabytes of bodies are followed by a collection of the young generation', async t => {
  type Detail = { kind: number; flags: number }
  const kinds: Detail[] = []
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries() as unknown as { detail: Detail }[]) kinds.push(entry.detail)
  })
  observer.observe({ entryTypes: ['gc'] })
  const seen = async () => {
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
    return kinds.filter(
      ({ kind, flags }) =>
        kind === constants.NODE_PERFORMANCE_GC_MINOR && (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0
    ).length
  }
  noteBodyBytes(8 * 1024 * 1024 - 1)
  t.equal(await seen(), 0, 'not before')
  noteBodyBytes(1)
  t.equal(await seen(), 1)
  observer.disconnect()
})
