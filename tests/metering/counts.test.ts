/** Sliding counts and distinct paths, as pure values. */
import t from 'tap'
import { DistinctPaths, hashOfPath, kept } from '../../src/metering/distinct-paths.ts'
import { goneAt, isAhead, slotAt, slotMsOf, sumOf, withAmount } from '../../src/metering/sliding-count.ts'

const minute = 60_000
const start = 1_800_000_000_000

t.test('a sliding count forgets nothing before its window is over, and everything a tenth later', async t => {
  const slotMs = slotMsOf(3600)
  t.equal(slotMs, 6 * minute)
  for (const offset of [0, 1, 3 * minute, 6 * minute - 1]) {
    const at = start + offset
    const slots = withAmount([], slotAt(at, slotMs), 100)
    const after = (ms: number) => sumOf(slots, slotAt(at + ms, slotMs))
    t.equal(after(60 * minute), 100, `spent ${offset} ms into a slot: still there when the window ends`)
    t.equal(after(66 * minute), 0, 'gone a tenth later')
    t.ok(goneAt(slots, 1, slotMs, slotAt(at, slotMs)) <= at + 66 * minute, 'and it says when')
    t.equal(sumOf(slots, slotAt(goneAt(slots, 1, slotMs, slotAt(at, slotMs)), slotMs)), 0)
  }
})

t.test('a sliding count keeps at most eleven slots', async t => {
  let slots = withAmount([], 0, 1)
  for (let slot = 1; slot < 100; slot++) slots = withAmount(slots, slot, 1)
  t.equal(slots.length / 2, 11)
  t.equal(sumOf(slots, 99), 11)
})

t.test(
  'what a clock that was put back has counted in the future counts as of now, and leaves with the window',
  async t => {
    const ahead = withAmount([], 1000, 70)
    t.equal(isAhead(ahead, 20), true)
    t.equal(isAhead(ahead, 999), false, 'clocks of gates differ a little')
    t.equal(sumOf(ahead, 20), 70, 'nothing is lost')
    const now = withAmount(ahead, 20, 5)
    t.same(now, [20, 75])
    t.equal(sumOf(now, 31), 0)
  }
)

t.test('distinct paths are counted exactly up to the sketch’s size', async t => {
  const paths = new DistinctPaths()
  for (let round = 0; round < 3; round++) for (let i = 0; i < kept; i++) paths.add(hashOfPath(`/a/${i}`), 5 + round)
  t.equal(paths.count(7), kept)
  t.equal(paths.add(hashOfPath('/a/1'), 7), false, 'one that is known in this slot is no news')
  t.equal(paths.count(17), kept, 'they are there until their last slot leaves the window')
  t.equal(paths.count(18), 0)
})

t.test('above that the count is estimated, also over the store, and over two gates', async t => {
  for (const count of [2_000, 20_000, 100_000]) {
    const one = new DistinctPaths()
    for (let i = 0; i < count * 0.6; i++) one.add(hashOfPath(`/files/${count}/${i}`), 1)
    const other = DistinctPaths.from(one.text(1), 2)
    for (let i = Math.floor(count * 0.4); i < count; i++) other.add(hashOfPath(`/files/${count}/${i}`), 2)
    const found = DistinctPaths.from(other.text(2), 2).count(2)
    // Three standard errors of 4.4 %.
    t.ok(Math.abs(found / count - 1) < 0.135, `${found} for ${count}`)
    t.ok(JSON.stringify(other.text(2)).length < 4096, 'a record stays small')
  }
})

t.test('the estimate falls when paths leave the window', async t => {
  let paths = new DistinctPaths()
  for (let i = 0; i < 10_000; i++) paths.add(hashOfPath(`/old/${i}`), 1)
  for (let i = 0; i < 100; i++) paths.add(hashOfPath(`/new/${i}`), 8)
  paths = DistinctPaths.from(paths.text(8), 8)
  t.ok(paths.count(8) > 8_500)
  for (let i = 0; i < 200; i++) paths.add(hashOfPath(`/newer/${i}`), 12)
  const found = paths.count(12)
  t.ok(found > 100 && found < 600, `${found} of 300 are left, give or take the threshold that the old ones set`)
  for (let i = 0; i < 200; i++) paths.add(hashOfPath(`/newest/${i}`), 24)
  t.equal(paths.count(24), 200, 'with the threshold gone it is exact again')
})

t.test('a damaged record of paths counts what can be read', async t => {
  const paths = DistinctPaths.from(
    [
      [3, 2 ** 32, 'AAAAAAA'],
      [2 ** 40, 5, '']
    ],
    3
  )
  t.equal(paths.count(3) >= 0, true)
})

t.test('what has left the window makes no room', t => {
  const slots = [100, 50, 105, 80]
  t.equal(goneAt(slots, 40, 1000, 110), 111_000)
  t.equal(goneAt(slots, 40, 1000, 111), 116_000, 'the first slot is gone, and its room with it')
  t.end()
})

t.test('a path is counted while it stays in the count for one slot more', async t => {
  const paths = new DistinctPaths()
  const [a, b] = [hashOfPath('/a'), hashOfPath('/b')]
  t.equal(paths.isCounted(a, 5), false)
  paths.add(a, 5)
  for (let slot = 5; slot < 15; slot++) t.same([paths.isCounted(a, slot), paths.isCounted(b, slot)], [true, false])
  t.equal(paths.count(15), 1)
  t.equal(paths.isCounted(a, 15), false, 'it is about to leave')
  paths.add(a, 15)
  t.equal(paths.isCounted(a, 15), true)
  t.equal(DistinctPaths.from(paths.text(15), 16).isCounted(a, 16), true)
})

t.test('in an estimated count, a path that is not kept is not counted', async t => {
  const paths = new DistinctPaths()
  for (let n = 0; n < 3 * kept; n++) paths.add(hashOfPath(`/many/${n}`), 5)
  const counted = Array.from({ length: 3 * kept }, (_, n) => paths.isCounted(hashOfPath(`/many/${n}`), 5))
  t.equal(counted.filter(is => is).length, kept)
})
