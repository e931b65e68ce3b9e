/** The dispatcher: what is sent when, to whom, how often, and what a restart, a second gate and a broken server change. */
import t, { type Test } from 'tap'
import type { AuditEvent } from '../../src/audit/event.ts'
import { claimMs } from '../../src/notify/delivery.ts'
import { Dispatcher, type DispatcherSettings } from '../../src/notify/dispatcher.ts'
import type { Notice } from '../../src/notify/notice.ts'
import { NoticeQueue } from '../../src/notify/notice-queue.ts'
import { failure, type SendOutcome } from '../../src/notify/outcome.ts'
import type { sendBatch } from '../../src/notify/sender.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

type Send = typeof sendBatch
const sentOutcome: SendOutcome = { kind: 'sent', answer: '250 kept' }
const minute = 60

function setUp(settings: Partial<DispatcherSettings> = {}) {
  const clock = new TestClock()
  const store = new MemoryStore(clock.read)
  const queue = new NoticeQueue(store)
  const journal: AuditEvent[] = []
  const log: string[] = []
  const sent: { to: string; id: string; notices: string[]; left: number }[] = []
  let outcome: SendOutcome | ((to: string) => SendOutcome | Promise<SendOutcome>) = sentOutcome
  const send: Send = async (to, batch, left) => {
    const whom = to.kind === 'account' ? to.id : to.kind === 'address' ? to.address : to.url
    sent.push({ to: whom, id: batch.id, notices: batch.notices.map(({ id }) => id), left })
    return typeof outcome === 'function' ? outcome(whom) : outcome
  }
  const gate = (more: { send?: Send } = {}) =>
    new Dispatcher({
      store,
      queue,
      accounts: {
        byName: async name => (name === 'nobody' ? null : ({ id: name } as never)),
        byFormerName: async () => null,
        list: async () =>
          [
            { id: 'root', groups: ['operators'], email: 'root@lab.example', suspended: null },
            { id: 'gone', groups: ['operators'], email: 'gone@lab.example', suspended: { at: 1, why: 'x' } },
            { id: 'mute', groups: ['operators'], email: null, suspended: null },
            { id: 'bob', groups: [], email: 'bob@lab.example', suspended: null }
          ] as never
      },
      journal: { writable: true, record: event => void journal.push(event), commit: async () => {} },
      clock: clock.read,
      log: { info: (_, sentence) => log.push(sentence), warn: (_, sentence) => log.push(sentence) },
      settings: {
        mail: { server: { host: 'mail', port: 465 }, from: 'gate@lab.example' },
        webhooks: [],
        operators: [],
        gatherMs: 10 * minute * 1000,
        ...settings
      } as DispatcherSettings,
      chance: () => 0.5,
      send,
      ...more
    })
  const add = (id: string, more: Partial<Notice> = {}) =>
    queue.add({
      id,
      kind: 'factor-added',
      at: clock.now,
      to: [{ kind: 'account', id: 'alice' }],
      account: 'alice',
      name: 'alice',
      facts: {},
      ...more
    })
  return { clock, store, queue, journal, log, sent, gate, add, answer: (next: typeof outcome) => (outcome = next) }
}

/** Runs, and turns the clock to the next time that something is due, for so many seconds. */
async function runFor(gate: Dispatcher, clock: TestClock, seconds: number): Promise<void> {
  const end = clock.now + seconds * 1000
  for (let i = 0; i < 10_000; i++) {
    const next = await gate.run()
    if (next === null || next > end) break
    clock.now = Math.max(next, clock.now + 1)
  }
  clock.now = end
}

t.test('the first goes out at once, and the rest together', async t => {
  const { clock, sent, gate, add } = setUp()
  const one = gate()
  await add('a')
  await add('b')
  t.equal(await one.run(), clock.now + 2000, 'what belongs to one action is waited for')
  t.same(sent, [])
  clock.advance(2)
  await one.run()
  t.match(sent, [{ to: 'alice', id: 'a', notices: ['a', 'b'] }], 'within seconds, in one message')
  for (let i = 0; i < 20; i++) {
    await add(`c${i}`)
    await runFor(one, clock, 20)
  }
  t.equal(sent.length, 1, 'the next ones wait')
  await runFor(one, clock, 10 * minute)
  t.equal(sent.length, 2)
  t.equal(sent[1]?.notices.length, 20, 'and come in one message')
  await add('d')
  await runFor(one, clock, 11 * minute)
  t.equal(sent.length, 3)
  await add('e')
  await runFor(one, clock, 30 * minute)
  t.equal(sent.length, 3, 'after three within an hour they wait for an hour')
  await runFor(one, clock, 40 * minute)
  t.equal(sent.length, 4)
})

t.test('one message has room for two hundred notices, and says how many more there were', async t => {
  const { clock, sent, gate, add } = setUp()
  for (let i = 0; i < 230; i++) await add(`n${String(i).padStart(3, '0')}`)
  await runFor(gate(), clock, 5)
  t.match(sent, [{ left: 30 }])
  t.equal(sent[0]?.notices.length, 200)
})

t.test('who gets a notice', async t => {
  const rows: [what: string, more: Partial<Notice>, settings: Partial<DispatcherSettings>, to: string[]][] = [
    ['the operators are the group, those who can be told', { to: [{ kind: 'operators' }] }, {}, ['root']],
    [
      'or the addresses of the configuration',
      { to: [{ kind: 'operators' }] },
      { operators: ['a@x.example', 'b@x.example'] },
      ['a@x.example', 'b@x.example']
    ],
    ['a sponsor by name', { to: [{ kind: 'name', name: 'bob' }] }, {}, ['bob']],
    ['a name that nobody has', { to: [{ kind: 'name', name: 'nobody' }] }, {}, []],
    [
      'an operator whose own account it is gets one',
      { to: [{ kind: 'account', id: 'root' }, { kind: 'operators' }] },
      {},
      ['root']
    ],
    ['nobody where there is no mail', {}, { mail: null }, []],
    [
      'webhooks that asked for it',
      {},
      {
        webhooks: [
          { url: 'https://a.example/x', secret: 's', events: ['factor'], ca: null },
          { url: 'https://b.example/x', secret: 's', events: ['suspend'], ca: null }
        ]
      },
      ['alice', 'https://a.example/x']
    ],
    [
      'no webhook gets an invitation',
      { kind: 'invitation' },
      { webhooks: [{ url: 'https://a.example/x', secret: 's', events: ['factor'], ca: null }] },
      ['alice']
    ]
  ]
  for (const [what, more, settings, to] of rows) {
    const { clock, sent, gate, add } = setUp(settings)
    await add('n', more)
    await runFor(gate(), clock, 5)
    t.same(sent.map(one => one.to).sort(), to.sort(), what)
  }
})

t.test('links and messages to webhooks go out one by one', async t => {
  const { clock, sent, gate, add } = setUp({
    webhooks: [{ url: 'https://a.example/x', secret: 's', events: ['factor'], ca: null }]
  })
  await add('a')
  await add('b')
  await add('link', { kind: 'password-link' })
  await runFor(gate(), clock, 5)
  t.same(sent.map(({ to, notices }) => `${to} ${notices.join('+')}`).sort(), [
    'alice a+b',
    'alice link',
    'https://a.example/x a',
    'https://a.example/x b'
  ])
})

t.test('a server that refuses for now is tried again, less and less often, and given up after three days', async t => {
  const { clock, sent, journal, gate, add, answer } = setUp()
  const one = gate()
  answer(failure('451 later'))
  await add('a')
  await runFor(one, clock, 24 * 3600)
  t.ok(sent.length > 5 && sent.length < 15, `${sent.length} tries in a day`)
  t.equal(new Set(sent.map(({ id }) => id)).size, 1, 'with one id')
  t.same(journal, [], 'that is not the journal’s business')
  await runFor(one, clock, 60 * 3600)
  t.match(journal, [
    { kind: 'notice.failed', account: 'alice', notices: 'factor-added', outcome: 'given_up', why: '451 later' }
  ])
  const tries = sent.length
  await runFor(one, clock, 48 * 3600)
  t.equal(sent.length, tries)
})

t.test('what becomes of a try', async t => {
  const rows: [what: string, outcome: SendOutcome, tries: number, line: object | undefined][] = [
    ['sent', sentOutcome, 1, { kind: 'notice.sent', outcome: 'sent', answer: '250 kept', tries: 1 }],
    ['no such person', failure('550 no', { isFinal: true }), 1, { kind: 'notice.failed', why: '550 no' }],
    [
      'unclear whether it has arrived',
      failure('broke off', { isUnclear: true, isServers: true }),
      3,
      { kind: 'notice.failed', tries: 3 }
    ]
  ]
  for (const [what, outcome, tries, line] of rows) {
    const { clock, sent, journal, gate, add, answer } = setUp()
    answer(outcome)
    await add('a')
    await runFor(gate(), clock, 24 * 3600)
    t.equal(sent.length, tries, `${what}: tries`)
    t.equal(new Set(sent.map(({ id }) => id)).size, 1, `${what}: one id`)
    t.match(journal, [line], `${what}: the journal`)
  }
})

t.test('a server that is down is left alone, and said once', async t => {
  const { clock, sent, journal, log, gate, add, answer } = setUp()
  const one = gate()
  answer(failure('connect ECONNREFUSED', { isServers: true }))
  for (let i = 0; i < 50; i++) await add(`n${i}`, { to: [{ kind: 'account', id: `p${i}` }] })
  await runFor(one, clock, 6 * 3600)
  t.ok(sent.length < 400, `${sent.length} tries for fifty people in six hours`)
  t.equal(log.length, 1, 'the log says it once')
  answer(sentOutcome)
  sent.length = 0
  await runFor(one, clock, 15 * minute)
  t.equal(new Set(sent.map(({ to }) => to)).size, 50, 'all of them go out soon after it is back')
  t.equal(sent.length, 50, 'once')
  t.equal(log.length, 2, 'and the log says that')
  t.equal(journal.filter(({ kind }) => kind === 'notice.sent').length, 50)
})

t.test('a restart loses nothing', async t => {
  const { clock, sent, gate, add } = setUp()
  await add('a')
  const first = gate()
  await first.stop()
  await runFor(gate(), clock, 5)
  t.match(sent, [{ notices: ['a'] }])
})

t.test('a gate that ends while it sends: another one sends it again, later and with the same id', async t => {
  const { clock, sent, gate, add } = setUp()
  await add('a')
  clock.advance(3)
  // A promise that never settles is a process that is gone.
  const dying = gate({
    send: (_, batch, left) => {
      sent.push({ to: 'dying', id: batch.id, notices: [], left })
      return new Promise(() => {})
    }
  })
  void dying.run()
  while (sent.length === 0) await new Promise(resolve => setImmediate(resolve))
  await add('b')
  const other = gate()
  await runFor(other, clock, minute)
  t.equal(sent.length, 1, 'while the claim holds, nobody else sends')
  clock.now += claimMs
  await runFor(other, clock, 1)
  t.match(sent, [{ id: 'a' }, { to: 'alice', id: 'a', notices: ['a'] }], 'what came meanwhile is in another message')
  await runFor(other, clock, 20 * minute)
  t.match(sent[2], { id: 'b', notices: ['b'] })
})

t.test('of several gates one sends', async t => {
  const { clock, sent, gate, add } = setUp({
    webhooks: [{ url: 'https://a.example/x', secret: 's', events: ['factor'], ca: null }]
  })
  const gates = [gate(), gate(), gate()]
  for (let i = 0; i < 10; i++) {
    await add(`n${i}`, { to: [{ kind: 'account', id: `p${i}` }, { kind: 'operators' }] })
    clock.advance(3)
    await Promise.all(gates.map(one => one.run()))
  }
  for (const one of gates) await runFor(one, clock, 3600)
  const got = sent.flatMap(({ to, notices }) => notices.map(id => `${to} ${id}`))
  t.equal(got.length, new Set(got).size, 'nobody gets one twice')
  t.equal(got.length, 30, 'and everybody gets all')
})

t.test('a notice whose id says what it is about is told once', async t => {
  const { clock, sent, gate, add } = setUp()
  const one = gate()
  for (let day = 0; day < 20; day++) {
    await add('certificate-ab-7', { to: [{ kind: 'operators' }] })
    await runFor(one, clock, 24 * 3600)
  }
  t.equal(sent.length, 1)
})

t.test('while the store is away, notices wait in memory', async t => {
  const { clock, store, queue, sent, gate } = setUp()
  store.isDown = true
  await queue.addOrKeep({
    id: 'a',
    kind: 'factor-added',
    at: clock.now,
    to: [{ kind: 'account', id: 'alice' }],
    facts: {}
  })
  const one = gate()
  await t.rejects(one.run())
  store.isDown = false
  await runFor(one, clock, 5)
  t.match(sent, [{ notices: ['a'] }])
})

t.test('it notices a new notice by itself', async (t: Test) => {
  const { clock, sent, gate, add, store } = setUp()
  const one = gate()
  one.start()
  t.teardown(() => one.stop())
  await add('link', { kind: 'password-link' })
  const deadline = Date.now() + 5000
  while (sent.length === 0 && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 5))
  t.match(sent, [{ to: 'alice' }])
  t.ok(store.calls > 0 && clock.now > 0)
})
