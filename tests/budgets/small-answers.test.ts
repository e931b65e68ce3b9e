/** Many small answers one after the other: each is whole at once, so what is under way says nothing about the next one. */
import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type AppMatch, beforeAuthorize } from '../../src/apps/authorize.ts'
import type { Budget } from '../../src/budgets/budget.ts'
import type { CountedFlow } from '../../src/budgets/counted-flow.ts'
import type { Demand } from '../../src/budgets/demand.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { download } from '../fixtures/in-process/torrent.ts'
import { budgetOf, budgetsOf } from './budget.ts'
import { SlowStore } from './slow-store.ts'

const KiB = 1024
const MiB = KiB ** 2
const person = { account: 'A', session: 'S', proofs: [] }
const open = { id: 'files', isGuarded: false }

const theft = budgetOf({ amount: 4 * MiB })

function fixture(budget: Budget, isShared = true) {
  const clock = new TestClock()
  const store = new SlowStore(clock.read)
  const budgets = budgetsOf({ store, clock: clock.read, isShared })
  budgets.configure([budget])
  const spending = { app: 'files', who: person, isGuarded: false, isEnforced: true, isLed: false }
  let count = 0
  const opened = () => {
    const flow = budgets.open({ ...spending, path: `/${count++}` }, null, null)!
    flow.begin({ goOn: () => {}, cut: () => {} })
    return flow
  }
  /** One request as the gate lets it in: it waits for room, is judged, and is answered at once. */
  const begin = (bytes: number, hasBody = false): 'answered' | Promise<unknown> | Demand => {
    const room = budgets.room(open, person, [], { hasBody, path: '/' })
    if (room !== null) return room
    const demand = budgets.demandOn(open, person, null)
    if (demand !== null) return demand
    const flow = opened()
    flow.sent(bytes)
    flow.end(null)
    return 'answered'
  }
  const upload = (bytes: number) => {
    const flow = opened()
    flow.received(bytes)
    flow.end(null)
  }
  return { store, clock, budgets, begin, opened, upload }
}

t.test('O9 · small answers in a row while the store is slow → the next request waits for the store', async t => {
  const { store, budgets, begin } = fixture(theft)
  t.teardown(() => budgets.stop())
  begin(1)
  await budgets.flush()
  store.slow = 'writes'
  t.teardown(() => {
    store.slow = 'nothing'
    return store.answer()
  })
  const isOf = (one: unknown, kind: string) => typeof one === 'object' && (one as Partial<Demand>)?.kind === kind
  let [sum, waits] = [0, 0]
  for (let n = 0; n < 5000; n++) {
    const begun = begin(60 * KiB)
    if (begun === 'answered') sum += 60 * KiB
    else if (isOf(begun, 'refuse')) break
    else {
      waits++
      let isOver = false
      void (begun as Promise<unknown>).then(() => {
        isOver = true
      })
      while (!isOver) await store.answer()
    }
  }
  t.ok(sum > 3 * MiB, 'the budget could be used')
  t.ok(sum <= theft.amount + MiB, `${sum} bytes have left`)
  t.ok(waits > 0)
})

t.test('a request beyond the number that is allowed waits until the store has said so, and is refused', async t => {
  // With other gates a request waits earlier, until this one has its part of what is left.
  const { store, budgets, begin } = fixture({ ...theft, counted: 'requests', amount: 20 }, false)
  t.teardown(() => budgets.stop())
  begin(1)
  await budgets.flush()
  store.slow = 'writes'
  for (let n = 0; n < 20; n++) begin(1)
  const waiting = begin(1)
  t.ok(waiting instanceof Promise)
  store.slow = 'nothing'
  await store.answer()
  await waiting
  t.match(begin(1), { kind: 'refuse' })
})

for (const [counted, isShared] of [
  ['requests', true],
  ['requests', false],
  ['distinctPaths', true],
  ['distinctPaths', false]
] as const) {
  const where = isShared ? 'with other gates' : 'on one gate'
  t.test(
    `a report of ${counted} ${where} is in flight when the count is passed → its answer lets nobody in`,
    async t => {
      const amount = 20
      const { store, budgets, begin } = fixture({ ...theft, counted, amount }, isShared)
      t.teardown(() => budgets.stop())
      begin(1)
      await budgets.flush()
      store.slow = 'writes'
      let [answered, refused] = [1, 0]
      const ask = async () => {
        for (;;) {
          const begun = begin(1)
          if (!(begun instanceof Promise)) {
            if (begun === 'answered') answered++
            else refused++
            return
          }
          await begun
        }
      }
      const asked = [ask()]
      void budgets.flush()
      for (let n = 0; n < 1000; n++) asked.push(ask())
      t.equal(refused, 0)
      await store.answer()
      store.slow = 'nothing'
      await store.answer()
      await Promise.all(asked)
      t.ok(answered <= amount + 2, `${answered} were answered`)
      t.equal(answered + refused, 1002)
    }
  )
}

t.test('a budget that is passed is known as long as it stands, however long nobody asks for anything', async t => {
  const { store, clock, budgets, begin } = fixture(theft)
  t.teardown(() => budgets.stop())
  begin(theft.amount + MiB)
  await budgets.flush()
  const pass = async (seconds: number) => {
    for (let n = 0; n < seconds; n++) {
      clock.advance(1)
      for (let tick = 0; tick < 4; tick++) budgets.tick()
    }
    await budgets.flush()
  }
  await pass(900)
  store.slow = 'everything'
  const begun = Array.from({ length: 200 }, () => begin(60 * KiB))
  t.equal(begun.filter(one => one === 'answered').length, 0, 'a burst after a pause')
  store.slow = 'nothing'
  await store.answer()
  await pass(4000)
  t.equal(begin(1), 'answered', 'once the window has moved on')
})

t.test('small answers wait for the rate of `slow`, all together', async t => {
  const { store, clock, budgets, begin } = fixture({ ...theft, steps: ['slow'], rate: 64 * KiB, amount: 100 })
  t.teardown(() => budgets.stop())
  const run = async () => {
    for (let n = 0; n < 4; n++) {
      budgets.tick()
      await budgets.flush()
      await store.answer()
    }
  }
  begin(200)
  await run()
  let answered = 0
  const demands: Demand[] = []
  const sendOn = async () => {
    while (answered <= 1000) {
      const begun = begin(32 * KiB)
      if (begun === 'answered') answered++
      else if (!(begun instanceof Promise)) return void demands.push(begun)
      await begun
    }
  }
  for (let n = 0; n < 3; n++) void sendOn()
  for (let second = 0; second < 40; second++) {
    clock.advance(1)
    await run()
  }
  t.same(demands, [], 'nobody is refused')
  // Two a second, and three at a time.
  t.ok(answered >= 40 && answered <= 90, `${answered} were answered in 40 seconds`)
})

for (const [name, given, atOnce, most] of [
  ['bytes', {}, 20, 5 * MiB],
  ['slow', { steps: ['slow'], rate: 64 * KiB, amount: 100 }, 4, 7 * MiB]
] as const)
  t.test(`a hundred small requests wait, and there is room for some (${name}) → no more begin at once`, async t => {
    const { clock, store, budgets, begin, opened } = fixture({ ...theft, ...given })
    t.teardown(() => budgets.stop())
    for (let n = 0; n < 3; n++) {
      begin(200)
      await budgets.flush()
    }
    store.slow = 'writes'
    while (!(begin(60 * KiB) instanceof Promise));
    const running: CountedFlow[] = []
    let [sum, over] = [0, 0]
    const ask = async () => {
      await budgets.room(open, person, [], { hasBody: false, path: '/' })
      if (budgets.demandOn(open, person, null) === null) running.push(opened())
      else over++
    }
    for (let n = 0; n < 100; n++) void ask()
    store.slow = 'nothing'
    for (let round = 0; over < 100; round++) {
      if (round > 2000) throw new Error(`${over} are over, the others wait`)
      await store.answer()
      if (running.length > atOnce) t.fail(`${running.length} run at once`)
      for (const flow of running.splice(0)) {
        flow.sent(60 * KiB)
        flow.end(null)
        sum += 60 * KiB
        over++
      }
      clock.advance(0.25)
      budgets.tick()
      await budgets.flush()
    }
    t.ok(sum <= most, `${sum} bytes have left`)
  })

t.test('a removed budget lets everybody go on who waits for it', async t => {
  const { store, budgets, begin } = fixture(theft)
  t.teardown(() => budgets.stop())
  begin(1)
  await budgets.flush()
  store.slow = 'writes'
  const waiting: unknown[] = []
  while (waiting.length < 50) {
    const begun = begin(60 * KiB)
    if (begun instanceof Promise) waiting.push(begun)
  }
  budgets.configure([])
  await Promise.all(waiting)
  store.slow = 'nothing'
  await store.answer()
})

t.test('a slow budget of what people send holds up requests that bring something, and no others', async t => {
  const { store, budgets, begin, upload } = fixture({
    ...theft,
    direction: 'in',
    steps: ['slow'],
    rate: 64 * KiB,
    amount: 100
  })
  t.teardown(() => budgets.stop())
  begin(1)
  await budgets.flush()
  upload(200)
  await budgets.flush()
  upload(10 * MiB)
  await budgets.flush()
  await store.answer()
  t.ok(begin(1, true) instanceof Promise)
  t.equal(begin(100 * KiB), 'answered')
})

t.test('a request asks for room only where there may be none, and says whether it has a body, and its path', t => {
  const [asked, paths]: [boolean[], string[]] = [[], []]
  const demands = {
    hasRoom: true,
    on: () => null,
    room(_app: unknown, _who: unknown, _token: unknown, { hasBody, path }: { hasBody: boolean; path: string }) {
      asked.push(hasBody)
      paths.push(path)
      return null
    }
  }
  const match = { kind: 'app', app: { id: 'files' }, path: '/a' } as AppMatch
  const ask = (headers: IncomingHttpHeaders) => beforeAuthorize(demands, match, { principal: null }, { headers })
  ask({ 'content-length': '5' })
  t.same(asked, [])
  demands.hasRoom = false
  for (const headers of [
    {},
    { 'content-length': '0' },
    { 'content-length': '5' },
    { 'transfer-encoding': 'chunked' },
    { upgrade: 'websocket' }
  ])
    ask(headers)
  t.same(asked, [false, false, true, true, true])
  t.same([...new Set(paths)], ['/a'])
  t.end()
})

t.test(
  'through the gate: a slowed person gets no small answers beside the rate, and who has left while they wait is not let in',
  async t => {
    const seen: string[] = []
    const app = http.createServer((request, response) => {
      seen.push(request.url ?? '')
      response.end(Buffer.alloc(40 * KiB))
    })
    app.listen(0, '127.0.0.1')
    await once(app, 'listening')
    t.teardown(() => {
      app.closeAllConnections()
      app.close()
    })
    const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
    const time = { now: 1_800_000_000_000 }
    const gate = await startGateway(t, {
      clock: () => time.now,
      apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }
  - { id: other, url: "http://other.localhost:PORT", upstream: "${url}" }`,
      extra:
        'watch: { budgets: [{ id: hoard, per: person, app: files, window: 1h, bytes: 1KiB, then: [slow], rate: 1KiB }] }'
    })
    const alice = await gate.account('alice')
    const { cookies } = await gate.signIn(alice, 'files', 'other')
    const get = (app: 'files' | 'other', name: string) =>
      download(gate.port, `${gate.origin(app)}/${name}`, { cookie: cookies[app] })
    await (await get('files', 'first')).end
    await gate.server.runtime.budgets?.flush()
    // The second one uses what the rate allows at once.
    await (await get('files', 'second')).end
    await gate.server.runtime.budgets?.flush()
    const waiting = [get('files', 'a'), get('files', 'b')]
    for (let n = 0; n < 20; n++) await (await get('other', `${n}`)).end
    t.same(
      seen.filter(path => /[ab]$/.test(path)),
      [],
      'nothing of it has reached the app'
    )
    await gate.server.runtime.sessions.endAccount(alice.id, 'revoked')
    time.now += 61_000
    for (const { status, headers } of await Promise.all(waiting)) {
      t.equal(status, 401)
      t.equal(headers['factorgate-error'], 'sign_in_required')
    }
    t.same(
      seen.filter(path => /[ab]$/.test(path)),
      [],
      'and whoever has left meanwhile is not let in'
    )
  }
)
