import { spawnSync } from 'node:child_process'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import t from 'tap'
import { noteBodyBytes } from '../../src/platform/body-garbage.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'

/** The sizes of the young generation (in MB) of a process that allocates much, in order, and V8's messages on stderr. */
function sizesAfter(call: string): { sizes: number[]; complaints: string } {
  const from = new URL('../../src/platform/gc-tuning.ts', import.meta.url)
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { enlargeYoungGeneration, fixYoungGeneration } from '${from}'
    const size = () => getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size / 2 ** 20
    ${call}
    const sizes = [size()]
    let kept = []
    for (let i = 0; i < 400_000; i++) {
      kept.push({ i, list: [i] })
      if (kept.length > 40_000) kept = []
      if (i % 500 === 0 && size() !== sizes.at(-1)) sizes.push(size())
    }
    console.log(JSON.stringify(sizes))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', readsTypeScript, '-e', program], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH }
  })
  return { sizes: JSON.parse(stdout), complaints: stderr }
}

t.test('the young generation grows in one step of eight, and stays as it is once it is fixed', async t => {
  const usual = sizesAfter('')
  t.ok(Math.max(...usual.sizes) >= 16, `by itself V8 lets it grow: ${usual.sizes}`)
  const enlarged = sizesAfter('enlargeYoungGeneration()')
  t.equal(enlarged.complaints, '')
  // V8 reports one half or both, depending on its collector; both show a factor of eight.
  const steps = enlarged.sizes.slice(1).map((size, i) => size / enlarged.sizes[i]!)
  t.ok(Math.max(...steps) >= 8, `it went ${enlarged.sizes}`)
  const fixed = sizesAfter('fixYoungGeneration()')
  t.equal(fixed.complaints, '')
  t.ok(Math.max(...fixed.sizes) <= 4, `it went ${fixed.sizes}`)
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
