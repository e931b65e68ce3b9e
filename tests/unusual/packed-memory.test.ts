/** People who ask for nothing just now take less memory, and nothing of them is lost. */
import t from 'tap'
import { packed, unpacked } from '../../src/unusual/packed-memory.ts'
import { packPerson } from '../../src/unusual/records.ts'
import { usualWeeks, watch } from './fixture.ts'

t.test('memory comes back as it was, whichever of its words are zero', async t => {
  for (const count of [1, 31, 32, 33, 700])
    for (const isZero of [(i: number) => i % 3 > 0, () => true, () => false, (i: number) => i < count - 1]) {
      const words = Uint32Array.from({ length: count }, (_, i) => (isZero(i) ? 0 : 0xffff_ffff - i))
      const at = packed(words.buffer)
      t.same(new Uint32Array(unpacked(at, count * 4)), words)
    }
})

t.test('a person at rest is the same person', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const { person } = unusual.people.all.get('alice')!
  person.synced.fill(0.1)
  const before = { record: packPerson(person), synced: Array.from(person.synced) }
  const { numbers } = person
  person.rest()
  person.rest()
  t.not(person.numbers, numbers)
  t.same({ record: packPerson(person), synced: Array.from(person.synced) }, before)
  person.numbers[0]!++
  t.not(packPerson(person).numbers, before.record.numbers, 'and goes on')
})
