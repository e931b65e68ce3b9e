/** Clients that go on with a session that another one has begun: when they become a person's own. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { note } from '../../src/unusual/known-list.ts'
import { known, Person } from '../../src/unusual/person.ts'
import { clientName, notePlace } from '../../src/unusual/places.ts'
import { hashText } from '../../src/unusual/read-path.ts'
import { Track } from '../../src/unusual/track.ts'
import type { Unusual } from '../../src/unusual/unusual.ts'
import { ask, firefox, hourMs, monday, observation, usualWeeks, watch } from './fixture.ts'

const program = { userAgent: 'python-requests/2.32', fetchDest: undefined }
const headersOf = (language: string) => ['User-Agent', firefox, 'Accept', '*/*', 'Accept-Language', language]

/** A day on which the browser asks first and then, in its session, the other client. Returns the points of a doubt. */
function join(
  unusual: Unusual,
  day: number,
  kind = 'changed',
  other: Parameters<typeof ask>[3] = () => program
): number {
  ask(unusual, day, 60, i => (i < 8 ? { rawHeaders: headersOf('de') } : other(i)))
  return unusual.doubtsOf(`s-${day}`).find(doubt => doubt.kind === kind)?.points ?? 0
}

const prove = (unusual: Unusual, session: string, day: number) =>
  unusual.proved('alice', session, monday + day * dayMs + 10 * hourMs)

t.test('a program that joins a session is new for four days, so that a thief’s is not known on the second', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  t.same(
    [28, 29, 30, 31].map(day => join(unusual, day)),
    [38, 38, 38, 38]
  )
  t.ok(join(unusual, 32) <= 14)
})

t.test('a proof in the session makes its program the person’s own, and one in another session does not', async t => {
  const pointsAfter = (proved: string) => {
    const unusual = watch()
    usualWeeks(unusual)
    ask(unusual, 28, 8, () => ({ session: 'phone' }))
    join(unusual, 28)
    prove(unusual, proved, 28)
    return join(unusual, 29)
  }
  t.ok(pointsAfter('s-28') <= 14)
  t.equal(pointsAfter('phone'), 38)
})

t.test('whoever gives their session to a program each day has few points for it', async t => {
  const unusual = watch({ learnMs: () => 14 * dayMs })
  const days = Array.from({ length: 28 }, (_, day) => day).filter(day => day % 7 < 5)
  for (const day of days) join(unusual, day)
  const points = join(unusual, 28)
  t.ok(points < 4, `${points}`)
})

t.test('other headers under the name of a known browser are new for four days', async t => {
  const unusual = watch()
  for (let day = 0; day < 26; day++) ask(unusual, day, 30, () => ({ rawHeaders: headersOf('de') }))
  const other = () => ({ rawHeaders: headersOf('en') })
  const points = [26, 27, 28, 29, 30].map(day => join(unusual, day, 'headers', other))
  t.ok(
    points.slice(0, 4).every(each => each > 15),
    points.join(' ')
  )
  t.equal(points[4], 0)
})

t.test(
  'a session that a browser has begun is no program’s own, at a gate that sees only the program, and after a proof',
  async t => {
    const isProgramIn = (signedInWith: string) => {
      const person = new Person(100)
      // The person’s own program, so that it is no doubt worth remembering.
      for (const day of [80, 90]) note(person, known.devices, hashText(clientName(program.userAgent)), day)
      const track = new Track()
      const session = { signedInWith: { userAgent: signedInWith, address: '10.1.2.3' } }
      notePlace(person, track, observation({ ...program, ...session, at: 100 * dayMs }), null)
      track.isBareNow(false)
      track.settle()
      return track.isProgram
    }
    t.equal(isProgramIn(firefox), false)
    t.equal(isProgramIn(program.userAgent), true)
  }
)
