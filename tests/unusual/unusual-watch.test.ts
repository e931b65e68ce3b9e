import t, { type Test } from 'tap'
import { Observers } from '../../src/metering/observation.ts'
import { Asks, type OnProved } from '../../src/unusual/asks.ts'
import { UnusualWatch } from '../../src/unusual/unusual-watch.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { firefox, monday, silent } from './fixture.ts'

t.test('a watch that a reload ends hears of nothing any more', async t => {
  const clock = () => 1_700_000_000_000
  const observers = new Observers()
  const listeners = new Set<OnProved>()
  const watch = new UnusualWatch(
    {
      store: new MemoryStore(clock),
      clock,
      observers,
      isShared: true,
      asks: {
        onProved: (listener: OnProved) => {
          listeners.add(listener)
          return () => listeners.delete(listener)
        }
      } as unknown as Asks,
      actOnProgram: async () => {},
      act: async () => {},
      endSession: async () => {},
      say: why => t.fail(why),
      onStoreProblem: problem => t.equal(problem, null)
    },
    { learn: 14 * 86_400, countries: null, strange: [], alarming: [], extreme: [] }
  )
  await watch.start()
  t.equal(listeners.size, 1)
  t.notOk(observers.isEmpty)
  await watch.stop()
  t.equal(listeners.size, 0)
  t.ok(observers.isEmpty)
})

type Options = ConstructorParameters<typeof UnusualWatch>

/** A watch that has begun, with a clock that the test turns. */
async function startWatch(
  t: Test,
  levels: Pick<Options[1], 'strange' | 'alarming' | 'extreme'>,
  given: Partial<Options[0]>
) {
  const clock = { now: monday }
  const observers = new Observers()
  const store = new MemoryStore(() => clock.now)
  const asks = new Asks({ store, clock: () => clock.now, proofsNow: async () => null })
  const watch = new UnusualWatch(
    {
      store,
      clock: () => clock.now,
      observers,
      isShared: true,
      asks,
      act: async () => {},
      actOnProgram: async () => {},
      endSession: async () => {},
      say: why => t.fail(why),
      onStoreProblem: problem => t.equal(problem, null),
      ...given
    },
    { learn: 0, countries: null, ...levels }
  )
  await watch.start()
  t.teardown(() => watch.stop())
  return { clock, observers, watch }
}

const levels = { strange: ['journal'], alarming: ['step-up'], extreme: ['suspend'] } as const
const own = { userAgent: firefox, address: '10.1.2.3' }
const other = { userAgent: 'curl/8.9', address: '198.51.100.7' }

for (const [what, begunWith, isEnded] of [
  [
    'an alarming session that goes on elsewhere, with another client, is ended: the owner’s proof would open it',
    own,
    true
  ],
  ['an alarming session that began where it is must show a proof', other, false]
] as const)
  t.test(what, async t => {
    const ended: string[] = []
    const taken: string[] = []
    const { clock, observers, watch } = await startWatch(t, levels, {
      act: async (_verdict, { steps }) => {
        taken.push(...steps)
      },
      endSession: async (session, account, { why }) => ended.push(`${session} of ${account}: ${why}`)
    })
    const fetchOne = (at: number, session: string, from: typeof own | typeof other, path: string, began = from) => {
      clock.now = at
      const { userAgent, address } = from
      const client = { ...silent(userAgent), fetchDest: 'empty' }
      const person = {
        account: 'alice',
        name: 'alice',
        groups: ['lab'],
        session,
        sessionStartedAt: at,
        signedInWith: began
      }
      const exchange = {
        reference: '',
        person,
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
      observers.tell({
        exchange,
        phase: 'end',
        at,
        bytesIn: 0,
        bytesOut: 60_000,
        isFirst: true,
        status: 200,
        reason: null
      })
      watch.judgeEnded()
    }
    for (let day = 0; day < 28; day++)
      for (let i = 0; i < 30 && day % 7 < 5; i++) {
        fetchOne(
          monday + day * 86_400_000 + (9 + (i % 8)) * 3_600_000 + i * 10_000,
          `s-${day}`,
          own,
          `/p/1/${(day + i) % 50}`
        )
        // Whoever is not in memory is loaded within a second.
        if (i === 0) await watch.tick()
      }
    const start = monday + 28 * 86_400_000 + 9 * 3_600_000
    for (let i = 0; i < 400 && taken.length === 0; i++) {
      fetchOne(start + i * 1000, 'stolen', other, `/p/${10 + (i % 30)}/${i}`, begunWith)
      if (i === 0) await watch.tick()
      if (!taken.includes('step-up')) taken.length = 0
    }
    t.ok(taken.includes('step-up'))
    t.equal(ended.length, isEnded ? 1 : 0)
    if (isEnded) t.match(ended[0], /^stolen of alice: .*another client: curl\./)
    t.not(watch.demandOn({ account: 'alice', session: 'third', proofs: [] }), null, 'every session must show a proof')
  })

t.test('whoever was suspended and is resumed is judged again, from their sign-in on', async t => {
  const suspended: number[] = []
  // Nobody is asked below a suspension.
  const { clock, observers, watch } = await startWatch(
    t,
    { strange: [], alarming: ['notify'], extreme: ['suspend'] },
    {
      act: async (_verdict, { steps }) => {
        if (steps.includes('suspend')) suspended.push(clock.now)
      }
    }
  )
  const client = { ...silent(), fetchMode: 'cors' }
  const rest = {
    reference: '',
    app: 'files',
    method: 'GET',
    query: '',
    destination: '',
    address: '10.1.2.3',
    isSocket: false,
    isLed: false
  }
  const fetchOne = (at: number, session: string, path: string, bytesOut: number, status: number) => {
    clock.now = at
    const person = {
      account: 'alice',
      name: 'alice',
      groups: ['lab'],
      session,
      sessionStartedAt: at,
      signedInWith: null
    }
    const exchange = { ...rest, person, path, client }
    observers.tell({ exchange, phase: 'end', at, bytesIn: 0, bytesOut, isFirst: true, status, reason: null })
    watch.judgeEnded()
  }
  for (let day = 0; day < 28; day++)
    for (let i = 0; i < 30 && day % 7 < 5; i++) {
      const at = monday + day * 86_400_000 + (9 + (i % 8)) * 3_600_000 + i * 10_000
      fetchOne(at, `s-${day}`, `/p/1/${(day + i) % 50}`, 60_000, 200)
      if (i === 0) await watch.tick()
    }
  const night = monday + 28 * 86_400_000 + 2 * 3_600_000
  const steal = async (session: string, from: number) => {
    const before = suspended.length
    for (let i = from; i < from + 4000 && suspended.length === before; i++) {
      fetchOne(night + i * 1000, session, `/records/p${i % 40}/${i}`, 50e6, i % 3 === 0 ? 404 : 200)
      if (i === from) await watch.tick()
    }
  }
  await steal('first', 0)
  t.equal(suspended.length, 1)
  // The operator resumes the account, and the person signs in.
  const proofs = [{ kind: 'totp', at: clock.now + 60_000, userVerified: false, generation: 1 }] as const
  t.equal(watch.demandOn({ account: 'alice', session: 'second', proofs }), null, 'the sign-in is the answer')
  await steal('second', 4100)
  t.equal(suspended.length, 2, 'as much again suspends again on the same day')
})
