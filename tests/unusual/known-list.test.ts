import t from 'tap'
import { at } from '../../src/unusual/features.ts'
import { firstDay, lastDay, note, ownAfterDays, ownFrom, placesOfLists } from '../../src/unusual/known-list.ts'
import { ask, usualWeeks, watch } from './fixture.ts'

const places = placesOfLists({ areas: 4, networks: 1, devices: 1, countries: 1, marks: 1 }, 0, 0)
const list = places.areas

/** The days of one entry after all of these were noted. */
function after(...noted: readonly (readonly [last: number, first: number])[]) {
  const slots = { hashes: new Uint32Array(places.hashCount), days: new Uint16Array(places.dayCount) }
  for (const [last, first] of noted) note(slots, list, 7, last, first)
  return { first: firstDay(slots, list, 0), last: lastDay(slots, list, 0), own: ownFrom(slots, list, 0) }
}

const seen = (...days: readonly number[]) => after(...days.map(day => [day, day] as const))

t.test('what was seen on one day alone is nobody’s own, however long ago', async t => {
  t.equal(seen(100).own, null)
  t.equal(seen(100, 100).own, null)
})

t.test('a second day makes it the person’s own after four days, or on the next one', async t => {
  t.same(seen(100, 101), { first: 100, last: 101, own: 100 + ownAfterDays })
  t.equal(seen(100, 103).own, 104)
  t.equal(seen(100, 107).own, 108, 'and not on the second day itself')
  t.equal(seen(100, 107, 107).own, 108)
  t.equal(seen(100, 107, 130).own, 108, 'it stays so')
})

t.test('two gates that join what they know come to the same', async t => {
  const joined = (one: readonly [number, number], other: readonly [number, number]) => {
    const [there, back] = [after(one, other), after(other, one)]
    t.same(there, back)
    return there.own
  }
  t.equal(joined([100, 100], [107, 104]), 108, 'one knows of the second day already')
  t.equal(joined([100, 100], [107, 107]), 108, 'each has seen one of the days')
  t.equal(joined([102, 100], [108, 108]), 104)
  t.equal(joined([106, 106], [107, 103]), 107, 'a proof counts at once')
})

t.test('who has looked at an area of others once still fetches the work of others a week later', async t => {
  const foreignAfter = (lookedOn: readonly number[]) => {
    const unusual = watch()
    usualWeeks(unusual)
    for (const day of lookedOn) ask(unusual, day, 1, () => ({ path: '/projects/theirs/plan.pdf' }))
    ask(unusual, 37, 40, i => ({ path: `/projects/theirs/${i}.tif`, bytes: 1e6 }))
    return unusual.people.all.get('alice')!.person.numbers[at.foreignObjects]!
  }
  // New addresses are counted in a sample.
  t.ok(foreignAfter([]) > 20)
  t.ok(foreignAfter([28]) > 20, 'one look is no work')
  t.equal(foreignAfter([28, 30]), 0, 'work on two days is')
})
