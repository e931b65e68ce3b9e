import t from 'tap'
import { browserIn, languageOf } from './clients.ts'
import { type Event, Events, hourMs, type Line } from './events.ts'
import { SimulatedGates } from './gates.ts'
import { networkIn } from './geography.ts'
import { makeInstitute, type Person } from './institute.ts'
import { Random } from './random.ts'
import { firstDay } from './simulate.ts'
import { Timeline } from './timeline.ts'

const random = new Random(1)
const person = makeInstitute(1, 1, 42).people[0] as Person
const client = browserIn(random, languageOf(random))
const line: Line = {
  network: networkIn(random, 'DE'),
  client,
  session: 'session',
  sessionStartedAt: firstDay,
  signedInWith: null
}

function eventsAt(...times: number[]): Event[] {
  const events = new Events(person)
  for (const at of times) events.emit(at, line, 'wiki', `/page/${at}`, 100)
  return events.all
}

t.test('what several people do happens in the order of time, and a thief who is stopped does no more', async t => {
  const timeline = new Timeline()
  const stopped = eventsAt(15, 35, 55)
  for (const events of [eventsAt(10, 40, 70), stopped, eventsAt(20, 30, 90)]) timeline.add(events.values())
  timeline.add(eventsAt().values())
  const times: number[] = []
  for (let event = timeline.before(80); event !== null; event = timeline.before(80)) {
    times.push(event.at)
    timeline.shift(event !== stopped[1])
  }
  t.same(times, [10, 15, 20, 30, 35, 40, 70])
  t.equal(timeline.before(100)?.at, 90)
})

t.test('an idle person leaves the memory of a gate, and is loaded again when they come back', async t => {
  const gates = await SimulatedGates.start(0, null, firstDay)
  t.teardown(() => gates.stop())
  const [event, later] = eventsAt(firstDay + 1000, firstDay + hourMs) as [Event, Event]
  gates.observe(event)
  t.equal(gates.contextOf(event), null, 'not loaded yet')
  await gates.settle(event.at + 1000)
  t.not(gates.contextOf(event), null, 'loaded')
  for (const minutes of [5, 15]) await gates.settle(event.at + minutes * 60_000)
  t.equal(gates.contextOf(event), null, 'gone')
  gates.observe(later)
  await gates.settle(later.at + 1000)
  t.equal(gates.contextOf(later)?.person.numbers[0], 200, 'with what was counted before')
})
