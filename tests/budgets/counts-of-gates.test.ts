/** Budgets of requests and paths over several gates, while the store takes its time: how many pass beyond the number that is allowed. */
import t from 'tap'
import type { Budget } from '../../src/budgets/budget.ts'
import type { Budgets } from '../../src/budgets/budgets.ts'
import { isDeep } from '../fixtures/in-process/cases.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { budgetOf, budgetsOf } from './budget.ts'
import { SlowStore } from './slow-store.ts'

// Reports take 0.3 ms of each turn of the event loop. On a busy machine some turns do nothing, while the clock of the test goes on by seconds.
/** The share of looks at the clock after which a turn is over. */
const busy = { share: 0, random: seeded(1) }
const { now } = performance
let at = 0
performance.now = () => {
  at += busy.random() < busy.share ? 1 : 0
  return at
}
t.teardown(() => {
  performance.now = now
})

const open = { id: 'files', isGuarded: false }
const who = { account: 'A', session: 'S', proofs: [] }

/** Its every call takes a trip, which ends when the test says so. */
function farStore({ read }: TestClock): SlowStore {
  const store = new SlowStore(read)
  store.slow = 'everything'
  return store
}

function gateOf(store: MemoryStore, clock: TestClock, budget: Budget): Budgets {
  const budgets = budgetsOf({ store, clock: clock.read })
  budgets.configure([budget])
  return budgets
}

/** Asks for room until there is some, and fetches `path`. True if it was answered. */
async function fetchAt(budgets: Budgets, path: string): Promise<boolean> {
  const ask = () => budgets.room(open, who, [], { hasBody: false, path })
  for (let room = ask(); room !== null; room = ask()) await room
  if (budgets.demandOn(open, who, null) !== null) return false
  const spending = { app: 'files', who, isGuarded: false, isEnforced: true, isLed: false, path }
  const flow = budgets.open(spending, null, null)!
  flow.begin({ goOn: () => {}, cut: () => {} })
  flow.sent(100)
  flow.end(null)
  return true
}

/** One person asks through `gates` gates, at each for `each` things between two trips to the store. */
async function flood(budget: Budget, gates: number, each: number, most: number) {
  const clock = new TestClock()
  const store = farStore(clock)
  const all = Array.from({ length: gates }, () => gateOf(store, clock, budget))
  let [count, answered, refused] = [0, 0, 0]
  const ask = async (budgets: Budgets) => {
    if (await fetchAt(budgets, `/${count++}`)) answered++
    else refused++
  }
  const running: Promise<void>[] = []
  for (let round = 0; refused === 0 && round < 400; round++) {
    for (const budgets of all) for (let n = 0; n < each; n++) running.push(ask(budgets))
    await store.answer()
    clock.advance(0.3)
    for (const budgets of all) budgets.tick()
    if (answered > most) break
  }
  // What still waits hears the answer.
  for (let n = 0; n < 400 && answered + refused < running.length && answered <= most; n++) {
    await store.answer()
    clock.advance(0.3)
    for (const budgets of all) budgets.tick()
  }
  const ends = Promise.all(all.map(budgets => budgets.stop()))
  for (let n = 0; n < 20; n++) await store.answer()
  await ends
  return { answered, refused, trips: store.trips }
}

/** Paths are counted one by one up to 512, and estimated above. */
const amounts = { requests: 500, distinctPaths: 350 } as const
/** How many things each of so many gates is asked for between two trips. */
const floods = [
  [2, 40],
  [2, 7],
  [8, 20]
] as const
/** One beyond the amount, and sixteen that each process lets begin before it has heard of the others. */
const mostOf = (amount: number, gates: number) => amount + 1 + 16 * gates

for (const counted of ['requests', 'distinctPaths'] as const)
  for (const [gates, each] of floods)
    t.test(`O9 ${counted} over ${gates} gates with ${each} each at a time`, async t => {
      const amount = amounts[counted]
      const { answered, refused, trips } = await flood(budgetOf({ counted, amount }), gates, each, 5000)
      t.comment(`${answered} of ${amount} were answered, with ${trips} trips`)
      t.ok(refused > 0)
      t.ok(answered >= amount - 10, 'what is allowed can be used')
      t.ok(answered <= mostOf(amount, gates), `${answered} of ${amount} were answered`)
    })

for (const counted of ['requests', 'distinctPaths'] as const)
  for (const share of isDeep ? [0.2, 0.5] : [0.5])
    t.test(`O9 ${counted} over busy gates, which report late in ${share * 10} of 10 turns`, async t => {
      t.teardown(() => {
        busy.share = 0
      })
      const amount = amounts[counted]
      for (const [seed, [gates, each]] of floods.entries()) {
        busy.share = share
        busy.random = seeded(seed + 1)
        const { answered, refused } = await flood(budgetOf({ counted, amount }), gates, each, 5000)
        t.ok(refused > 0)
        const isRight = answered >= amount - 10 && answered <= mostOf(amount, gates)
        t.ok(isRight, `${answered} of ${amount} were answered by ${gates} gates`)
      }
    })

for (const counted of ['requests', 'distinctPaths'] as const)
  t.test(
    `O9 ${counted}: a gate that stood still for longer than its grant is worth lets no more begin on it`,
    async t => {
      const clock = new TestClock()
      const store = new MemoryStore(clock.read)
      const amount = counted === 'requests' ? 5000 : amounts.distinctPaths
      const budget = budgetOf({ counted, amount })
      const [frozen, other] = [gateOf(store, clock, budget), gateOf(store, clock, budget)]
      let [count, answered, refused] = [0, 0, 0]
      const ask = async (budgets: Budgets) => {
        if (await fetchAt(budgets, `/${count++}`)) answered++
        else refused++
      }
      const turns = async () => {
        for (let n = 0; n < 30; n++) await new Promise(resolve => setImmediate(resolve))
      }
      const flood = async (budgets: Budgets) => {
        for (let round = 0; round < 60 && refused === 0; round++) {
          for (let n = 0; n < 200; n++) void ask(budgets)
          await turns()
          clock.advance(0.5)
          budgets.tick()
          budgets.tick()
          await turns()
        }
      }
      for (let n = 0; n < 20; n++) void ask(frozen)
      await turns()
      await flood(other)
      clock.advance(60)
      await flood(other)
      t.ok(refused > 0)
      const before = answered
      for (let n = 0; n < 2000; n++) void ask(frozen)
      await turns()
      t.ok(answered - before <= 16, `${answered - before} were answered when it went on`)
      t.ok(answered <= mostOf(amount, 2), `${answered} of ${amount} were answered`)
      await frozen.stop()
      await other.stop()
    }
  )

t.test('O9 where all distinct paths are used, those that are counted wait for nobody and take nothing', async t => {
  const clock = new TestClock()
  const store = farStore(clock)
  const budget = budgetOf({ counted: 'distinctPaths', amount: 40 })
  const all = Array.from({ length: 4 }, () => gateOf(store, clock, budget))
  // They tell each other that it is passed.
  for (const budgets of all) await budgets.start()
  const step = async (times: number) => {
    for (let n = 0; n < times; n++) {
      await store.answer()
      clock.advance(0.25)
      for (const budgets of all) budgets.tick()
    }
  }
  const isDone = async (answer: Promise<boolean>) => {
    let done: boolean | null = null
    void answer.then(is => {
      done = is
    })
    for (let n = 0; n < 5; n++) await new Promise(resolve => setImmediate(resolve))
    return () => done
  }
  const [first, second] = all as [Budgets, Budgets]
  for (let n = 0; n < 40; n++) {
    const answer = await isDone(fetchAt(first, `/${n}`))
    for (let i = 0; i < 40 && answer() === null; i++) await step(1)
    t.equal(answer(), true)
  }
  // The others read the ledger.
  for (const budgets of all) void fetchAt(budgets, '/0')
  await step(60)
  for (let round = 0; round < 5; round++) {
    for (const budgets of all)
      for (let n = 0; n < 40; n++) {
        const room = budgets.room(open, who, [], { hasBody: false, path: `/${n}` })
        t.equal(room, null, `/${n} need not wait`)
        t.equal((await isDone(fetchAt(budgets, `/${n}`)))(), true)
      }
    await step(4)
  }
  // One that does not know that a path is counted asks once, and holds nothing for it.
  const fresh = gateOf(store, clock, budget)
  all.push(fresh)
  void fetchAt(fresh, '/1')
  await step(1)
  const known = await isDone(fetchAt(fresh, '/2'))
  for (let i = 0; i < 8 && known() === null; i++) await step(1)
  t.equal(known(), true)
  // So the next new path has its place at any gate: it passes the amount, and then everything ends.
  const last = await isDone(fetchAt(second, '/new'))
  for (let i = 0; i < 8 && last() === null; i++) await step(1)
  t.equal(last(), true, 'nobody else holds the last one')
  await step(8)
  const over = await isDone(fetchAt(first, '/1'))
  for (let i = 0; i < 8 && over() === null; i++) await step(1)
  t.equal(over(), false)
  const ends = Promise.all(all.map(budgets => budgets.stop()))
  for (let n = 0; n < 30; n++) await store.answer()
  await ends
})

t.test('O9 whoever looks at counted paths between new ones gets no further than others', async t => {
  const clock = new TestClock()
  const store = farStore(clock)
  const all = Array.from({ length: 8 }, () => gateOf(store, clock, budgetOf({ counted: 'distinctPaths', amount: 500 })))
  const answered = new Set<string>()
  let [count, refused, open] = [0, 0, 0]
  const ask = async (budgets: Budgets, path: string) => {
    open++
    if (await fetchAt(budgets, path)) answered.add(path)
    else refused++
    open--
  }
  const step = async () => {
    await store.answer()
    clock.advance(0.3)
    for (const budgets of all) budgets.tick()
  }
  for (let round = 0; refused === 0 && round < 400; round++) {
    for (const budgets of all)
      for (let n = 0; n < 10; n++) {
        void ask(budgets, `/${count++}`)
        void ask(budgets, `/${(count * 7) % Math.max(1, answered.size)}`)
      }
    await step()
  }
  for (let n = 0; n < 400 && open > 0; n++) await step()
  t.ok(refused > 0)
  t.ok(answered.size >= 490 && answered.size <= 629, `${answered.size} of 500 were answered`)
  const ends = Promise.all(all.map(budgets => budgets.stop()))
  for (let n = 0; n < 30; n++) await store.answer()
  await ends
})

/** A generator of Lehmer (MINSTD): the same numbers from 0 to 1 for the same seed. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
