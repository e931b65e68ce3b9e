/** The figures of the watch: who has fetched how much beside their usual, one person in detail, alarms and budgets. */
import t, { type Test } from 'tap'
import type { JournalEntry, JournalFilter } from '../../src/administration/journal-search.ts'
import { alarmsOf } from '../../src/administration/watch/alarms.ts'
import { BudgetUses } from '../../src/administration/watch/budget-usage.ts'
import { decoyUses } from '../../src/administration/watch/decoy-touches.ts'
import { Movements } from '../../src/administration/watch/movement.ts'
import { WatchedPeople } from '../../src/administration/watch/watched-person.ts'
import type { Budget } from '../../src/budgets/budget.ts'
import { emptyLedger } from '../../src/budgets/ledger.ts'
import { ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { dayMs } from '../../src/clock.ts'
import type { Account } from '../../src/identity/account.ts'
import { slotAt, withAmount } from '../../src/metering/sliding-count.ts'
import type { Unwritten } from '../../src/unusual/people.ts'
import { Person } from '../../src/unusual/person.ts'
import { packPerson, personRecord } from '../../src/unusual/records.ts'
import { countReads } from '../fixtures/in-process/counted-reads.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { live, type WatchedLife } from '../fixtures/in-process/watched-lab.ts'

const now = Date.UTC(2026, 10, 25, 15)
const accountOf = (id: string, groups: readonly string[] = ['lab']): Account => ({
  id,
  name: id,
  displayName: id,
  email: null,
  groups,
  directory: 'local',
  suspended: null,
  createdAt: 1
})

const lab: readonly WatchedLife[] = [
  { account: 'ada', usualMb: 100, today: { files: 90 } },
  { account: 'bob', usualMb: 20, today: { files: 900, wiki: 300 } },
  { account: 'cho', usualMb: 2000, today: { files: 2200 } },
  { account: 'dee', usualMb: 50, today: {} },
  { account: 'eve', usualMb: 0, knownDays: 0, today: { files: 200 } },
  { account: 'gone', usualMb: 10, today: { files: 5000 } }
]

interface Given {
  readonly at?: number
  readonly unwritten?: readonly Unwritten[]
}

const planted = plant()

async function plant(): Promise<MemoryStore> {
  const store = new MemoryStore(() => now)
  await live(store, now, lab)
  return store
}

async function place(t: Test, { at = now, unwritten = [] }: Given = {}) {
  let clock = at
  const store = new MemoryStore(() => clock)
  for await (const { key, value } of (await planted).scan('')) await store.put(key, value)
  const accounts = lab.filter(({ account }) => account !== 'gone').map(({ account }) => accountOf(account))
  const movements = new Movements({
    store,
    clock: () => clock,
    allAccounts: async () => accounts,
    learnSeconds: () => 14 * 86_400,
    unwritten: () => unwritten
  })
  t.teardown(() => movements.close())
  const wait = (ms: number) => {
    clock += ms
  }
  const today = (page = 1, pageSize = 10, account: string | null = null) => movements.today({ page, pageSize, account })
  return { store, accounts, today, wait }
}

t.test('today: the farthest above their own usual first, not who has most', async t => {
  const { today } = await place(t)
  const { movers, people, bytes, aboveBusy, learnsUntil } = await today()
  t.same(
    movers.map(({ account, bytes }) => [account.name, Math.round(bytes / 1e6)]),
    [
      ['bob', 1200],
      ['eve', 200],
      ['cho', 2200],
      ['ada', 90]
    ],
    'who has fetched nothing, and who has no account any more, is left out'
  )
  t.same([people, Math.round(bytes / 1e6), aboveBusy, learnsUntil], [4, 3690, 1, null])
  const [bob, eve, cho] = movers
  t.ok(bob !== undefined && bob.usual.middle > 15e6 && bob.usual.middle < 30e6, `${bob?.usual.middle}`)
  t.match(bob?.usual, { low: Number, busy: Number })
  const { low = 0, middle = 0, busy = 0 } = bob?.usual ?? {}
  t.ok(low < middle && middle < busy, `${low} ${middle} ${busy}`)
  t.equal(bob?.days.length, 14)
  t.ok(bob?.days.slice(0, -1).some(day => day > 10e6 && day < 45e6))
  t.equal(bob?.days.at(-1), bob?.bytes)
  t.equal(eve?.ownDays, 0)
  t.ok((cho?.above ?? 9) < 1)
})

t.test('pages, and one person alone', async t => {
  const { today } = await place(t)
  const second = await today(2, 3)
  t.match(second, { page: 2, pages: 2, people: 4 })
  t.same(
    second.movers.map(({ account }) => account.name),
    ['ada']
  )
  t.equal((await today(99, 3)).page, 2)
  t.equal((await today(-1, 3)).page, 1)
  t.same(
    (await today(1, 3, 'cho')).movers.map(({ account }) => account.name),
    ['cho']
  )
})

t.test('what this process has not written yet counts, once', async t => {
  const day = Math.floor(now / dayMs)
  const unwritten = [
    { account: 'ada', day, bytes: 10e6, alarm: 2 },
    { account: 'dee', day, bytes: 20e9, alarm: 0 },
    { account: 'bob', day: day - 1, bytes: 5e9, alarm: 3 }
  ]
  const { movers } = await (await place(t, { unwritten })).today()
  const of = (name: string) => movers.find(({ account }) => account.name === name)
  t.equal(movers[0]?.account.name, 'dee', 'who has come today for the first time')
  t.ok((of('dee')?.days.at(-2) ?? 0) + (of('dee')?.days.at(-3) ?? 0) > 0, 'with the days before')
  t.match(of('ada'), { bytes: 100e6, level: 'alarming' })
  t.equal(Math.round((of('bob')?.bytes ?? 0) / 1e6), 1200, 'yesterday is over')
})

t.test('a changed record is seen at the next look, and a new day begins with nobody', async t => {
  const { store, today, wait } = await place(t)
  await today()
  const person = new Person(Math.floor(now / dayMs))
  person.numbers[0] = 7e9
  await personRecord.put(store, 'dee', packPerson(person))
  await store.delete(personRecord.key('bob'))
  t.same(
    (await today()).movers.map(({ account }) => account.name),
    ['dee', 'eve', 'cho', 'ada']
  )
  wait(dayMs)
  t.match(await today(), { people: 0, bytes: 0, pages: 1 })
})

t.test('in its first weeks the watch says until when it only learns', async t => {
  const { today } = await place(t, { at: now - 25 * dayMs })
  const { learnsUntil } = await today()
  t.equal(learnsUntil, (Math.floor(now / dayMs) - 35 + 14) * dayMs)
})

t.test('ten thousand people: the first look reads them all, the next only what has changed', async t => {
  const store = new MemoryStore(() => now)
  const person = new Person(Math.floor(now / dayMs))
  for (let day = 25; day > 0; day--) {
    person.ringCount = person.ringNext = 26 - day
    person.days[26 - day] = person.day - day
    person.bytes[(26 - day) * 13] = 20 + (day % 9)
  }
  person.numbers[0] = 4e7
  const text = personRecord.text(packPerson(person))
  const accounts = Array.from({ length: 10_000 }, (_, i) => accountOf(`p${i}`, [`lab-${i % 100}`]))
  for (const { id } of accounts) await store.put(personRecord.key(id), text)
  const movements = new Movements({
    store,
    clock: () => now,
    allAccounts: async () => accounts,
    learnSeconds: () => 0,
    unwritten: () => []
  })
  t.teardown(() => movements.close())
  const today = async () => {
    const { people, movers } = await movements.today({ page: 1, pageSize: 24, account: null })
    t.same([people, movers.length], [10_000, 24])
  }
  const reads = countReads(store)
  await today()
  const first = reads()
  t.ok(first >= 10_000, `${first} records are read the first time`)
  await today()
  const again = reads()
  t.ok(again < 1_000, `${again} records are read the next time`)
})

t.test('one person: days, apps, places, signals, and what it takes until they are asked', async t => {
  const { store, accounts } = await place(t)
  const people = new WatchedPeople({
    store,
    clock: () => now,
    accounts: { byId: async id => accounts.find(account => account.id === id) ?? null },
    learnSeconds: () => 0,
    scale: async () => () => 1,
    apps: () => ['files', 'wiki'],
    devicesOf: async () => [
      {
        session: 's1',
        device: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0', address: '10.1.2.9' }
      }
    ],
    liveOf: () => null,
    doubtsOf: session =>
      session === 's1'
        ? [
            {
              kind: 'network',
              points: 30,
              text: 'A network that is new to this person: 203.0.113.0/24.',
              reasons: [{ id: 'network', facts: { network: '203.0.113.0/24' } }],
              isMidway: false
            }
          ]
        : []
  })
  t.equal(await people.one('nobody'), null)
  const bob = await people.one('bob')
  t.same(
    bob?.apps.map(({ app, days }) => [app, Math.round((days.at(-1) ?? 0) / 1e6)]),
    [
      ['files', 900],
      ['wiki', 300]
    ]
  )
  t.ok(
    (bob?.apps[0]?.days ?? []).slice(0, -1).some(day => day > 0),
    'each app with its days'
  )
  const kinds = bob?.places.map(({ kind, name }) => `${kind} ${name}`)
  t.same(kinds, ['network 10.1.2.0/24', 'client Firefox on Linux'])
  const sentences = bob?.signals.map(({ sentence }) => sentence) ?? []
  t.match(sentences.join(' '), /1\.1 GiB left today; \d+ MiB is usual for this person/)
  t.match(sentences.join(' '), 'A network that is new to this person: 203.0.113.0/24.')
  const ada = await people.one('ada')
  t.ok(ada !== null && ada.score < 47)
  const bytes = ada?.bytesToAlarm ?? null
  t.ok(bytes !== null && bytes > 1e9 && bytes < 1e13, `with another doubt an amount is enough: ${bytes}`)
  const dee = await people.one('dee')
  t.match(dee, { isKnown: true, bytes: 0, above: Number, level: 'quiet' }, 'somebody who has not come today')
  t.ok((dee?.days.filter(day => day > 0).length ?? 0) >= 8 && dee?.days.at(-1) === 0)
})

t.test('no amount alone is enough for a question', async t => {
  const { store, accounts } = await place(t)
  const people = new WatchedPeople({
    store,
    clock: () => now,
    accounts: { byId: async id => accounts.find(account => account.id === id) ?? null },
    learnSeconds: () => 0,
    scale: async () => () => 1,
    apps: () => [],
    devicesOf: async () => [],
    liveOf: () => null,
    doubtsOf: () => []
  })
  const cho = await people.one('cho')
  t.same([cho?.bytesToAlarm, cho?.apps[0]?.app], [null, null], 'apps that are gone are the others')
})

t.test('alarms are read from the journal as it says them', async t => {
  const asked: JournalFilter[] = []
  const entries: JournalEntry[] = [
    {
      at: '2026-11-25T14:00:00.000Z',
      kind: 'watch.unusual',
      account: 'id-1',
      name: '~abc',
      app: 'files',
      outcome: 'alarming',
      steps: 'journal,notify,step-up',
      why: '1.2 GB left today.'
    },
    { at: '2026-11-25T13:30:00.000Z', kind: 'watch.app', app: 'files', outcome: 'approved', why: 'ours' },
    { at: '2026-11-25T13:00:00.000Z', kind: 'watch.budget', outcome: 'store_down', why: 'The store does not answer.' }
  ]
  const journal = {
    search: async (query: JournalFilter) => {
      asked.push(query)
      return { entries, next: 'journal.jsonl@5', isPartly: false, backTo: null }
    }
  }
  const { alarms, next } = await alarmsOf(journal, { person: null, since: 1, from: null, most: 5 })
  t.match(asked, [{ kind: 'watch', from: 1, person: null }])
  t.equal(next, 'journal.jsonl@5')
  t.equal(alarms.length, 2, 'what operators have answered is no alarm')
  t.match(alarms, [
    { account: 'id-1', name: '~abc', outcome: 'alarming', steps: ['journal', 'notify', 'step-up'], isLearning: false },
    { account: null, name: null, steps: [], sentence: 'The store does not answer.' }
  ])
})

t.test('an alarm of a budget has the steps that were taken by then', async t => {
  const taken = async (outcome: string, steps: string) => {
    const entry: JournalEntry = { at: '2026-11-25T14:00:00.000Z', kind: 'watch.budget', outcome, steps, why: 'x' }
    const journal = { search: async () => ({ entries: [entry], next: null, isPartly: false, backTo: null }) }
    return (await alarmsOf(journal, { person: null, since: 1, from: null, most: 5 })).alarms[0]?.steps
  }
  t.same(await taken('passed', 'journal,notify,step-up,cut,suspend'), ['journal', 'notify', 'step-up'])
  t.same(await taken('unanswered', 'journal,notify,step-up,cut,suspend'), ['cut', 'suspend'])
  t.same(await taken('passed', 'notify,cut,suspend'), ['notify', 'cut', 'suspend'])
  t.same(await taken('bought', 'journal,step-up'), [])
})

t.test('budgets: the fullest first, the posture makes them smaller, and old ones are left out', async t => {
  const store = new MemoryStore(() => now)
  const budget: Budget = {
    id: 'bulk',
    per: 'person',
    app: null,
    windowSeconds: 3600,
    counted: 'bytes',
    direction: 'out',
    amount: 1000,
    steps: ['journal'],
    factors: ['webauthn'],
    rate: null,
    isPerProof: false
  }
  const { slotMs } = emptyLedger(budget)
  const spent = (bytes: number) => ({ ...emptyLedger(budget), slots: withAmount([], slotAt(now, slotMs), bytes) })
  await ledgerRecord.put(store, 'bulk:ada', spent(200))
  await ledgerRecord.put(store, 'bulk:bob', spent(700))
  await ledgerRecord.put(store, 'bulk:cho', spent(0))
  await ledgerRecord.put(store, 'gone:ada', spent(900))
  const uses = new BudgetUses({ store, clock: () => now, budgets: () => [budget], scale: async () => () => 0.5 })
  t.match(await uses.all(), [
    { account: 'bob', used: 700, limit: 500, share: 1.4, state: 'passed' },
    { account: 'ada', used: 200, limit: 500, share: 0.4, state: 'within' }
  ])
  await ledgerRecord.put(store, 'bulk:ada', spent(900))
  t.equal((await uses.all())[0]?.account, 'bob', 'the ledgers are read at most every quarter of a minute')
})

t.test('decoys: who has touched each, and how often', async t => {
  const touch = (minute: number, fields: object): JournalEntry => ({
    at: `2026-11-25T14:${minute}:00.000Z`,
    kind: 'watch.decoy',
    app: 'files',
    decoy: '/finance/**',
    outcome: 'touched',
    ...fields
  })
  const entries = [
    touch(50, { account: 'ada' }),
    touch(40, { outcome: 'stranger', repeated: 6 }),
    touch(30, { account: 'ada', outcome: 'led', repeated: 2 }),
    touch(20, { account: 'bob' }),
    touch(10, { account: 'bob', decoy: '/gone' })
  ]
  const asked: JournalFilter[] = []
  const journal = {
    search: async (query: JournalFilter) => {
      asked.push(query)
      return { entries, next: null, isPartly: false, backTo: null }
    }
  }
  const decoy = (app: string, text: string) => ({ app, text, serve: null, steps: ['notify'] })
  const decoys = [decoy('files', '/old.xlsx'), decoy('files', '/finance/**'), decoy('wiki', '/finance/**')]
  const last = Date.parse('2026-11-25T14:50:00.000Z')
  t.match(await decoyUses(journal, decoys, 1), [
    { touches: 0, people: 0, strangers: 0, lastAt: null },
    { touches: 5, people: 2, strangers: 7, lastAt: last },
    { app: 'wiki', touches: 0 }
  ])
  t.match(asked, [{ kind: 'watch.decoy', from: 1 }])
  t.same(await decoyUses(journal, [], 1), [])
  t.equal(asked.length, 1, 'without decoys nothing is read')
})
