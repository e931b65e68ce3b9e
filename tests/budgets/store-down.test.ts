/** Budgets where the store does not answer, where records are of another version, and how often the store is asked. */
import t, { type Test } from 'tap'
import type { Budget } from '../../src/budgets/budget.ts'
import type { Passing } from '../../src/budgets/budgets.ts'
import { ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { RecordTooNew, StoreUnreachable } from '../../src/store/store.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { budgetOf, budgetsOf } from './budget.ts'

const MiB = 1024 ** 2

const theft = budgetOf()

function fixture(store?: MemoryStore, clock = new TestClock()) {
  const kept = store ?? new MemoryStore(clock.read)
  const troubles: unknown[] = []
  const tooNew: unknown[] = []
  const passings: Passing[] = []
  const cuts: string[] = []
  const budgets = budgetsOf({
    store: kept,
    clock: clock.read,
    act: async passing => void passings.push(passing),
    cutAll: (_budget, subject) => void cuts.push(subject),
    onTrouble: error => void troubles.push(error),
    onTooNew: error => void tooNew.push(error)
  })
  budgets.configure([theft])
  const open = (isGuarded: boolean) => {
    const flow = budgets.open(
      {
        app: isGuarded ? 'guarded' : 'open',
        path: '/',
        who: { account: 'A', session: 'S', proofs: [] },
        isGuarded,
        isEnforced: true,
        isLed: false
      },
      null,
      null
    )!
    const events: string[] = []
    flow.begin({ goOn: direction => void events.push(`on ${direction}`), cut: () => void events.push('cut') })
    return { flow, events }
  }
  return { store: kept, clock, budgets, troubles, tooNew, passings, cuts, open }
}

t.test(
  'guarded apps send nothing while the store is down, the others up to the amount, and it is said once',
  async t => {
    const { store, clock, budgets, troubles, open } = fixture()
    t.teardown(() => budgets.stop())
    const [guarded, other] = [open(true), open(false)]
    await budgets.flush()
    store.isDown = true
    t.equal(guarded.flow.sent(400 * 1024), true, 'the first half MiB flows on credit')
    await budgets.flush()
    t.equal(guarded.flow.sent(1000), false)
    t.equal(other.flow.sent(99 * MiB), true)
    t.match(budgets.demandOn({ id: 'guarded', isGuarded: true }, { account: 'A', session: 'S', proofs: [] }, null), {
      kind: 'store_unreachable',
      tooNew: null
    })
    t.equal(budgets.demandOn({ id: 'open', isGuarded: false }, { account: 'A', session: 'S', proofs: [] }, null), null)
    for (let n = 0; n < 5; n++) {
      budgets.tick()
      await budgets.flush()
    }
    t.equal(troubles.length, 1)
    t.same(other.events, [])
    t.equal(other.flow.sent(2 * MiB), false, 'this gate alone knows that it is too much')
    t.same(other.events, ['cut'])
    t.match(budgets.demandOn({ id: 'open', isGuarded: false }, { account: 'A', session: 'S', proofs: [] }, null), {
      kind: 'refuse'
    })
    clock.advance(61)
    budgets.tick()
    t.same(guarded.events, ['cut'], 'it waits for a minute at most')
    store.isDown = false
    budgets.tick()
    await budgets.flush()
    t.same([troubles.length, troubles[1]], [2, null])
    const record = ledgerRecord.parse((await store.get('meter:theft:A')) as string)
    t.ok((record?.slots.at(-1) ?? 0) > 100 * MiB, 'what flowed meanwhile is reported')
  }
)

/** A server that stands still for a moment has the write, and its client has left. */
class MuteStore extends MemoryStore {
  isMuteOnce = false

  override async replace(...args: Parameters<MemoryStore['replace']>): Promise<boolean> {
    const isDone = await super.replace(...args)
    if (!this.isMuteOnce || !isDone) return isDone
    this.isMuteOnce = false
    throw new StoreUnreachable('no answer')
  }
}

function muteGate(t: Test, clock = new TestClock(), store = new MuteStore(clock.read)) {
  const gate = fixture(store, clock)
  t.teardown(() => gate.budgets.stop())
  return { ...gate, store }
}

/** Two gates on such a store, each with a transfer of the same person. */
function twoGates(t: Test) {
  const one = muteGate(t)
  const { clock, store } = one
  const other = muteGate(t, clock, store)
  return { clock, store, one, other, flow: one.open(false).flow, elsewhere: other.open(false) }
}

for (const isOvertaken of [false, true])
  t.test(
    `a report without an answer counts once, and what began with it is done${isOvertaken ? ', also if another gate has written since' : ''}`,
    async t => {
      const { store, one, other, flow, elsewhere } = twoGates(t)
      flow.sent(300 * 1024)
      await one.budgets.flush()
      flow.sent(20 * MiB)
      store.isMuteOnce = true
      await one.budgets.flush()
      t.equal(store.isMuteOnce, false)
      t.equal(one.troubles.length, 1)
      if (isOvertaken) {
        elsewhere.flow.sent(MiB)
        await other.budgets.flush()
      }
      flow.sent(MiB)
      await one.budgets.flush()
      const record = ledgerRecord.parse((await store.get('meter:theft:A')) as string)
      t.equal(record?.slots.at(-1), 300 * 1024 + 21 * MiB + (isOvertaken ? MiB : 0))

      flow.sent(90 * MiB)
      store.isMuteOnce = true
      await one.budgets.flush()
      t.equal(one.passings.length, 0)
      await one.budgets.flush()
      t.equal(one.passings.length, 1, 'the journal has its line')
    }
  )

t.test(
  'of several reports without an answer the store has one → it counts once, and what began with it is done',
  async t => {
    const { clock, store, budgets, passings, open } = muteGate(t)
    const { flow } = open(false)
    await budgets.flush()
    flow.sent(101 * MiB)
    store.isMuteOnce = true
    await budgets.flush()
    for (const _ of [1, 2]) {
      // It answers a read, and no write reaches it.
      clock.advance(1)
      const { replace } = store
      store.replace = () => Promise.reject(new StoreUnreachable('gone'))
      flow.sent(MiB)
      await budgets.flush()
      store.replace = replace
    }
    t.equal(passings.length, 0)
    clock.advance(1)
    await budgets.flush()
    const record = ledgerRecord.parse((await store.get('meter:theft:A')) as string)
    t.equal(record?.slots.at(-1), 103 * MiB)
    t.equal(passings.length, 1, 'the journal has its line')
  }
)

t.test(
  'a budget is passed in a write without an answer, and another gate writes next → the steps are done',
  async t => {
    const { clock, store, one, other, flow, elsewhere } = twoGates(t)
    await one.budgets.flush()
    flow.sent(101 * MiB)
    store.isMuteOnce = true
    await one.budgets.flush()
    clock.advance(1)
    elsewhere.flow.sent(MiB)
    await other.budgets.flush()
    t.same([one.passings, other.passings], [[], []])
    clock.advance(1)
    await one.budgets.flush()
    t.equal(one.passings.length, 1, 'the journal has its line')
    await other.budgets.flush()
    t.equal(other.passings.length, 0, 'and no second one')
  }
)

t.test(
  'a suspension begins in a write without an answer, and nothing more flows → it is done all the same',
  async t => {
    const { clock, store, budgets, passings, troubles, open } = muteGate(t)
    budgets.configure([budgetOf({ steps: ['step-up', 'suspend'] })])
    const { flow } = open(false)
    await budgets.flush()
    flow.sent(101 * MiB)
    await budgets.flush()
    t.equal(flow.sent(1000), false)
    await budgets.flush()
    clock.advance(60)
    store.isMuteOnce = true
    budgets.tick()
    await budgets.flush()
    t.equal(store.isMuteOnce, false)
    t.same(
      passings.map(({ happening }) => happening),
      ['passed']
    )
    for (let n = 0; n < 2; n++) {
      budgets.tick()
      await budgets.flush()
    }
    t.match(passings[1], { happening: 'unanswered', isSuspending: true })
    t.same([passings.length, troubles.at(-1)], [2, null])
  }
)

t.test(
  'a report that did not reach the store is counted, though its grant would be as large as the one before',
  async t => {
    const { store, budgets, troubles, open } = fixture()
    t.teardown(() => budgets.stop())
    budgets.configure([budgetOf({ amount: 1024 ** 4 })])
    const { flow } = open(false)
    await budgets.flush()
    const pieces = [40 * MiB, 40 * MiB, 40 * MiB, MiB]
    for (const [i, bytes] of pieces.entries()) {
      store.isDown = i === 2
      flow.sent(bytes)
      await new Promise(resolve => setImmediate(resolve))
    }
    await budgets.flush()
    t.equal(troubles[0] instanceof Error, true)
    const record = ledgerRecord.parse((await store.get('meter:theft:A')) as string)
    t.equal(
      record?.slots.at(-1),
      pieces.reduce((sum, bytes) => sum + bytes)
    )
  }
)

t.test('a guarded transfer goes on when the store is back in time', async t => {
  const { store, budgets, open } = fixture()
  t.teardown(() => budgets.stop())
  const { flow, events } = open(true)
  await budgets.flush()
  store.isDown = true
  flow.sent(600 * 1024)
  await budgets.flush()
  t.equal(flow.sent(1000), false)
  store.isDown = false
  budgets.tick()
  await budgets.flush()
  budgets.tick()
  t.same(events, ['on out'])
})

t.test(
  'a ledger of a newer release is left alone and said once; guarded apps send nothing, and others go on up to the amount',
  async t => {
    const { store, clock, budgets, troubles, tooNew, open } = fixture()
    t.teardown(() => budgets.stop())
    const newer = JSON.stringify({ v: ledgerRecord.version + 1, something: 'else' })
    await store.put('meter:theft:A', newer)
    const [other, guarded] = [open(false), open(true)]
    t.equal(guarded.flow.sent(100), false, 'nothing flows before the gate knows the count')
    await budgets.flush()
    t.equal(other.flow.sent(MiB), true)
    for (let n = 0; n < 5; n++) {
      other.flow.sent(MiB)
      await budgets.flush()
      budgets.tick()
    }
    t.match(budgets.demandOn({ id: 'guarded', isGuarded: true }, { account: 'A', session: 'S', proofs: [] }, null), {
      kind: 'store_unreachable',
      tooNew: { message: /holds meter:theft:A in version \d+, but .* knows only versions up to \d+.*newer release/ }
    })
    t.equal(budgets.demandOn({ id: 'open', isGuarded: false }, { account: 'A', session: 'S', proofs: [] }, null), null)
    clock.advance(61)
    budgets.tick()
    t.same(guarded.events, ['cut'])
    t.ok(tooNew[0] instanceof RecordTooNew)
    t.same([tooNew.length, troubles], [1, []], 'the store itself answers')
    t.equal(await store.get('meter:theft:A'), newer)
    await store.delete('meter:theft:A')
    const demand = () =>
      budgets.demandOn({ id: 'guarded', isGuarded: true }, { account: 'A', session: 'S', proofs: [] }, null)
    t.match(demand(), { kind: 'store_unreachable' })
    await budgets.flush()
    t.equal(demand(), null, 'whoever asks again gets in as soon as the record is gone')
  }
)

for (const [name, steps] of [
  ['whoever asks again counts', ['cut']],
  ['what waits counts', ['step-up', 'cut']]
] as const)
  t.test(
    `the record of a newer release is gone → the gate counts again for apps that are not guarded: ${name}`,
    async t => {
      const { store, budgets, open } = fixture()
      t.teardown(() => budgets.stop())
      budgets.configure([{ ...theft, steps }])
      await store.put('meter:theft:A', JSON.stringify({ v: ledgerRecord.version + 1, something: 'else' }))
      const { flow } = open(false)
      await budgets.flush()
      t.equal(flow.sent(101 * MiB), false, 'this gate lets the amount pass, and no more')
      await budgets.flush()
      const asked = () =>
        budgets.demandOn({ id: 'open', isGuarded: false }, { account: 'A', session: 'S', proofs: [] }, null)
      t.match(asked(), { kind: 'refuse' })
      await budgets.flush()
      await store.delete('meter:theft:A')
      if (steps[0] === 'step-up') budgets.tick()
      else asked()
      await budgets.flush()
      const record = ledgerRecord.parse((await store.get('meter:theft:A')) as string)
      t.ok((record?.slots.at(-1) ?? 0) > 100 * MiB, 'what flowed meanwhile is reported')
      t.match(asked(), steps[0] === 'step-up' ? { kind: 'prove' } : { kind: 'refuse' })
    }
  )

for (const [name, steps, first, later] of [
  ['waits for a minute, and is cut', ['step-up', 'cut'], [], ['cut']],
  ['is slowed', ['slow'], [], ['on out']]
] as const)
  t.test(
    `O10 · the store is silent, and what passes a budget ${name} → no gate lets more than the amount pass`,
    async t => {
      const { store, clock, budgets, open } = fixture()
      t.teardown(() => budgets.stop())
      budgets.configure([{ ...theft, steps, rate: MiB }])
      const { flow, events } = open(false)
      await budgets.flush()
      t.equal(flow.sent(40 * MiB), false)
      await budgets.flush()
      store.isDown = true
      flow.sent(MiB)
      await budgets.flush()
      budgets.tick()
      events.length = 0
      t.equal(flow.sent(59 * MiB), true)
      if (steps[0] === 'slow') flow.sent(MiB)
      t.equal(flow.sent(2 * MiB), false)
      budgets.tick()
      t.same(events, first)
      clock.advance(61)
      budgets.tick()
      t.same(events, later)
      // The window slides without the store too.
      clock.advance(2 * 3600)
      const again = open(false)
      t.equal(again.flow.sent(MiB), true)
      again.flow.sent(100 * MiB)
      t.same(again.events, [], 'what passes it anew is not cut at once')
    }
  )

t.test('the store is silent → a token that has used up its limit is refused as spent', async t => {
  const { store, budgets } = fixture()
  t.teardown(() => budgets.stop())
  budgets.configure([])
  const quota: Budget = { ...theft, id: 'token-quota', per: 'token', isQuota: true }
  const who = { account: 'A', session: null, token: 'T', proofs: [] }
  const spending = { app: 'open', path: '/', who, isGuarded: false, isEnforced: true, isLed: false }
  const flow = budgets.open(spending, quota, null)!
  flow.begin({ goOn: () => {}, cut: () => {} })
  await budgets.flush()
  store.isDown = true
  flow.sent(MiB)
  await budgets.flush()
  flow.sent(100 * MiB)
  t.match(budgets.demandOn({ id: 'open' }, who, quota), { kind: 'refuse', isQuota: true })
})

t.test('small requests cost no trip each: their counts go out together', async t => {
  const { store, budgets, open } = fixture()
  t.teardown(() => budgets.stop())
  open(false).flow.sent(100)
  await budgets.flush()
  const before = store.calls
  for (let n = 0; n < 1000; n++) {
    const { flow } = open(false)
    flow.sent(200)
    flow.end(null)
  }
  t.equal(store.calls, before, 'nobody has asked the store')
  await budgets.flush()
  t.equal(store.calls, before + 1, 'one compare-and-set for all of them')
})

t.test('two processes see each other’s counts, pass the budget once, and both cut', async t => {
  const one = fixture()
  const two = fixture(one.store, one.clock)
  t.teardown(() => Promise.all([one.budgets.stop(), two.budgets.stop()]))
  await Promise.all([one.budgets.start(), two.budgets.start()])
  const idle = two.open(false)
  await two.budgets.flush()
  const { flow, events } = one.open(false)
  for (let n = 0; n < 2000 && !events.includes('cut'); n++) {
    if (flow.sent(64 * 1024)) continue
    await one.budgets.flush()
    one.budgets.tick()
  }
  await one.budgets.flush()
  await two.budgets.flush()
  t.same([one.cuts, two.cuts], [['A'], ['A']])
  t.same(
    [...one.passings, ...two.passings].map(({ happening, account }) => [happening, account]),
    [['passed', 'A']]
  )
  t.equal(idle.flow.sent(10), false)
})
