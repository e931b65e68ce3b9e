/** The clock that exchanges share within a turn of the event loop. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { perTurn, systemClock } from '../../src/clock.ts'

t.test('the system clock is read once in a turn, and anew in the next', async t => {
  const clock = perTurn(systemClock)
  const first = clock()
  while (systemClock() === first);
  t.equal(clock(), first)
  await setImmediate()
  t.ok(clock() > first)
})

t.test('a clock of a test is read each time', async t => {
  let now = 0
  const clock = perTurn(() => ++now)
  t.same([clock(), clock()], [1, 2])
})
