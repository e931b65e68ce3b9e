/** What was seen once on a day, in little memory. */
import t from 'tap'
import { DayHashes } from '../../src/unusual/day-hashes.ts'

t.test('each hash is first once, up to the bound', t => {
  const seen = new DayHashes(7)
  const hashes = [0, -1, 5, 0x7fff_ffff, ...Array.from({ length: 96 }, (_, n) => n * 7919 + 11)]
  for (const hash of hashes) t.ok(seen.isFirst(hash, 100), `${hash}`)
  for (const hash of hashes) t.notOk(seen.isFirst(hash, 100), `${hash} again`)
  t.notOk(seen.isFirst(0xffff_ffff, 100), 'the same 32 bits')
  t.ok(seen.isFirst(1, 100) && seen.isFirst(1, 100), 'what finds no room is first each time')
  t.end()
})
