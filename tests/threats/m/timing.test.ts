/** The rank test of `npm run threats -- timing`: its power and its false alarms. Times themselves are never asserted. */
import t from 'tap'
import { Fixture } from '../../fixtures/in-process/callers.ts'
import { compareRanks, measure, percentile, tableOf } from './timing.ts'

t.test('the rank test', async t => {
  const line = (from: number, step: number) => Array.from({ length: 100 }, (_, i) => from + i * step)
  t.same(compareRanks(line(0, 1), line(0, 1)), { z: 0, probability: 0.5 })
  t.same(compareRanks([1, 1, 1], [1, 1, 1]), { z: 0, probability: 0.5 }, 'nothing but ties')
  t.equal(compareRanks(line(1000, 1), line(0, 1)).probability, 1)
  t.ok(compareRanks(line(1000, 1), line(0, 1)).z > 12, 'all slower')
  t.ok(compareRanks(line(0, 1), line(1000, 1)).z < -12, 'all faster')
  const shifted = compareRanks(line(10, 1), line(0, 1))
  t.ok(shifted.z > 2 && shifted.z < 3, `a tenth of the spread is seen: ${shifted.z}`)
  // By hand: U = 1 + 2.5 + 3, mean 4.5, deviation sqrt(9 / 12 * (7 - 6 / 30)).
  t.same(
    [compareRanks([2, 3, 9], [1, 3, 4]).probability, compareRanks([2, 3, 9], [1, 3, 4]).z.toFixed(4)],
    [5.5 / 9, (1 / Math.sqrt(0.75 * 6.8)).toFixed(4)]
  )
  t.equal(percentile(line(0, 1), 50), 50)
})

t.test('every kind of refusal is measured, and each answers 401', async t => {
  const times = await measure(await Fixture.start(t), 2)
  t.equal(times.size, 7)
  t.ok([...times.values()].every(list => list.length === 2 && list.every(ms => ms > 0)))
  t.equal(tableOf(times).split('\n').length, 9)
})
