/** Questions for a proof: shared by gates, one answer a session, and what runs waits for a minute. */
import t from 'tap'
import { type Proof, timeUnknown } from '../../src/factor/proof.ts'
import type { Flow, Holder } from '../../src/metering/flow.ts'
import { Asks, askRecord } from '../../src/unusual/asks.ts'
import { HeldFlow, holdMs } from '../../src/unusual/held-flow.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

const totp = (at: number): Proof => ({ kind: 'totp', at, userVerified: false, generation: 1 })
const password = (at: number): Proof => ({ kind: 'password', at, userVerified: false, generation: 1 })

function gate(store: MemoryStore, clock: TestClock, proofs = new Map<string, Proof[]>()) {
  const proved: string[] = []
  const asks = new Asks({
    store,
    clock: clock.read,
    proofsNow: async session => proofs.get(session) ?? null
  })
  asks.onProved((account, session) => proved.push(`${account}/${session}`))
  return { asks, proved, proofs }
}

t.test(
  'whoever was suspended answers by the sign-in after it, also where an institution checks the factor',
  async t => {
    const clock = new TestClock()
    const store = new MemoryStore(clock.read)
    const { now } = clock
    const signedIn = (at: number): Proof[] => [
      { ...totp(at), kind: 'directory' },
      { ...totp(timeUnknown), kind: 'institution' }
    ]
    const [one, two] = [gate(store, clock), gate(store, clock)]
    await one.asks.start()
    await two.asks.start()
    await one.asks.ask('alice', now, true)
    await two.asks.load('alice')
    for (const { asks } of [one, two]) {
      t.equal(asks.askedOf('alice', 's1', signedIn(now - 1)), now, 'a session that has not ended')
      t.equal(asks.askedOf('alice', 's1', [password(now + 5)]), now, 'half a sign-in')
      t.equal(asks.askedOf('alice', 's1', signedIn(now + 5).slice(0, 1)), now, 'half a sign-in by a directory')
      t.equal(asks.askedOf('alice', 's2', signedIn(now + 5)), null)
    }
    t.same([one.proved, two.proved], [['alice/s2'], ['alice/s2']], 'and is judged anew from there')
    await one.asks.ask('alice', now + 10)
    await two.asks.load('alice')
    for (const { asks } of [one, two])
      t.equal(
        asks.askedOf('alice', 's3', signedIn(now + 20)),
        now + 10,
        'a question without a suspension wants a factor'
      )
    one.asks.stop()
    two.asks.stop()
  }
)

t.test('each session must show a proof that is newer than the question', async t => {
  const clock = new TestClock()
  const store = new MemoryStore(clock.read)
  const { asks, proved } = gate(store, clock)
  await asks.start()
  const { now } = clock
  t.equal(asks.askedOf('alice', 's1', [totp(now - 1000)]), null, 'nobody is asked')
  await asks.ask('alice', now)
  t.equal(asks.askedOf('alice', 's1', [totp(now - 1)]), now)
  t.equal(asks.askedOf('alice', 's1', [totp(now - 1), password(now + 5)]), now, 'a password is no second factor')
  t.equal(asks.askedOf('alice', 's1', [totp(now + 5)]), null)
  t.equal(asks.askedOf('alice', 's2', [totp(now - 1)]), now, 'another session')
  t.equal(asks.askedOf('bob', 's3', []), null, 'another person')
  t.same(proved, ['alice/s1'])
  asks.sessionSeconds = 3 * 24 * 3600
  await asks.ask('alice', now)
  clock.advance(asks.sessionSeconds)
  const restarted = gate(store, clock).asks
  restarted.sessionSeconds = asks.sessionSeconds
  await restarted.load('alice')
  for (const each of [asks, restarted])
    t.equal(each.askedOf('alice', 's2', [totp(now - 1)]), now, 'as long as a session of that time can live')
  clock.advance(3601)
  t.equal(asks.askedOf('alice', 's2', [totp(now - 1)]), null, 'later every session has begun anew')
  t.equal(await askRecord.get(store, 'alice'), null)
})

t.test('another gate asks too, also one that starts later', async t => {
  const clock = new TestClock()
  const store = new MemoryStore(clock.read)
  const [one, other] = [gate(store, clock), gate(store, clock)]
  await one.asks.start()
  await other.asks.start()
  other.asks.askedOf('alice', 's1', [])
  await one.asks.ask('alice', clock.now)
  await new Promise(resolve => setImmediate(resolve))
  await other.asks.load('alice')
  t.equal(other.asks.askedOf('alice', 's1', []), clock.now)
  const late = gate(store, clock)
  await late.asks.load('alice')
  t.equal(late.asks.askedOf('alice', 's1', []), clock.now)
})

/** A flow whose inner one says `mayFlow`, and what its holder was told. */
function flowOf(asks: Asks, session: string, inner: Flow | null = null) {
  const told: string[] = []
  const holder: Holder = {
    goOn: direction => told.push(`go on ${direction}`),
    cut: (reason, code) => told.push(`cut ${reason} ${code}`)
  }
  const flow = new HeldFlow({ account: 'alice', session }, inner, asks)
  flow.begin(holder)
  return { flow, told }
}

t.test('a running transfer waits, goes on with a proof, and is cut after a minute without one', async t => {
  const timers: { run: () => void; ms: number }[] = []
  t.intercept(globalThis, 'setTimeout', {
    value: (run: () => void, ms: number) => {
      timers.push({ run, ms })
      return { unref: () => ({}) }
    }
  })
  const clock = new TestClock()
  const { asks, proofs } = gate(new MemoryStore(clock.read), clock)
  const { flow, told } = flowOf(asks, 's1')
  t.equal(flow.sent(1000), true)
  await asks.ask('alice', clock.now)
  t.equal(flow.sent(1000), false)
  t.equal(flow.received(1000), false)
  t.equal(timers.at(-1)?.ms, holdMs)
  proofs.set('s1', [totp(clock.now - 1)])
  await asks.sessionChanged('s1')
  t.same(told, [], 'an older proof changes nothing')
  proofs.set('s1', [totp(clock.now + 1)])
  await asks.sessionChanged('s1')
  t.same(told, ['go on out', 'go on in'])
  t.equal(flow.sent(1000), true)
  const { flow: thief, told: toldThief } = flowOf(asks, 's2')
  t.equal(thief.sent(1000), false)
  timers.at(-1)?.run()
  t.same(toldThief, ['cut unusual unusual_proof_required'])
  thief.end('unusual')
  flow.end(null)
})

t.test('a transfer that a budget holds too waits for both', async t => {
  const clock = new TestClock()
  const { asks, proofs } = gate(new MemoryStore(clock.read), clock)
  let innerHolder: Holder | undefined
  let mayFlow = true
  const inner: Flow = {
    begin: holder => {
      innerHolder = holder
    },
    sent: () => mayFlow,
    received: () => true,
    answered: () => {},
    end: () => {}
  }
  const { flow, told } = flowOf(asks, 's1', inner)
  await asks.ask('alice', clock.now)
  mayFlow = false
  t.equal(flow.sent(1), false)
  innerHolder?.goOn('out')
  t.same(told, [], 'the question is still open')
  t.equal(flow.sent(1), false)
  proofs.set('s1', [totp(clock.now + 1)])
  await asks.sessionChanged('s1')
  t.same(told, [], 'the budget still holds')
  innerHolder?.goOn('out')
  t.same(told, ['go on out'])
  flow.end(null)
})
