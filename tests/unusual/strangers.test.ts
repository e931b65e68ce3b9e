/** Strangers: whatever somebody does who only fails to sign in, nothing is learned, asked, or suspended. */
import fc from 'fast-check'
import t from 'tap'
import type { Observation as Told } from '../../src/metering/observation.ts'
import { observationOf } from '../../src/unusual/observer.ts'
import { hourMs, monday, observation, silent, usualWeeks, watch } from './fixture.ts'

const client = silent('x')

const strangersTold = fc.record({
  phase: fc.constantFrom('start', 'bytes', 'end', 'refused' as const),
  reason: fc.constantFrom(null, 'sign_in_required', 'not_allowed', 'not_found', 'second_factor_required'),
  status: fc.constantFrom(null, 200, 401, 403, 404, 429, 503),
  path: fc.webPath(),
  address: fc.ipV4(),
  bytesOut: fc.nat(1e12),
  after: fc.nat(60 * 86_400_000)
})

t.test('no observation of a stranger makes a verdict, or a trace of anybody', async () => {
  fc.assert(
    fc.property(fc.array(strangersTold, { maxLength: 200 }), all => {
      const unusual = watch()
      for (const { phase, reason, status, path, address, bytesOut, after } of all) {
        const exchange = {
          reference: 'r',
          person: null,
          app: 'files',
          method: 'GET',
          path,
          query: '',
          destination: '',
          address,
          client,
          isSocket: false,
          isLed: false
        }
        const told: Told = {
          exchange,
          phase: phase as Told['phase'],
          at: monday + after,
          bytesIn: 0,
          bytesOut,
          isFirst: true,
          status,
          reason
        }
        if (observationOf(told) !== null) return false
        if (
          unusual.observe(
            observation({ account: null, path, address, bytes: bytesOut, status, at: monday + after })
          ) !== null
        )
          return false
      }
      return unusual.people.all.size === 0
    })
  )
})

t.test('a person whose name is tried by strangers a thousand times is judged as before', async t => {
  const verdictsOf = (tries: number) => {
    const unusual = watch()
    usualWeeks(unusual)
    const at = monday + 28 * 86_400_000 + 9 * hourMs
    for (let i = 0; i < tries; i++)
      unusual.observe(observation({ account: null, status: 401, address: `198.51.100.${i % 250}`, at: at + i }))
    const verdicts = []
    for (let i = 0; i < 300; i++)
      verdicts.push(unusual.observe(observation({ at: at + i * 1000, path: `/q/${i}/${i}`, session: 'mine' })))
    return verdicts.filter(each => each !== null)
  }
  t.same(verdictsOf(1000), verdictsOf(0))
})

t.test('what the gate itself answers counts only where it says something about the person', async t => {
  const person = { account: 'a', name: 'alice', groups: [], session: 's', sessionStartedAt: 1, signedInWith: null }
  const exchange = {
    reference: 'r',
    person,
    app: 'files',
    method: 'GET',
    path: '/x',
    query: '?id=1',
    destination: '',
    address: '10.1.2.3',
    client,
    isSocket: false,
    isLed: false
  }
  const told = (phase: Told['phase'], reason: string | null = null, isSocket = false) =>
    observationOf({
      exchange: { ...exchange, isSocket },
      phase,
      at: 1,
      bytesIn: 0,
      bytesOut: 5,
      isFirst: phase !== 'start',
      status: 403,
      reason
    })
  t.equal(told('refused', 'not_allowed')?.status, 403)
  t.equal(told('refused', 'journal_unwritable'), null)
  t.equal(told('refused', 'fresh_proof_required'), null)
  t.equal(told('start'), null, 'a short request counts once, at its end')
  t.equal(told('start', null, true)?.isFirst, true, 'a WebSocket counts at its start')
  t.match(told('end'), { path: '/x?id=1', bytes: 5, isFirst: true, fetchDest: undefined })
})
