/** Suspensions: what began them survives later ones, older records read well, and the watch ends connections before it asks the store. */
import t from 'tap'
import { LiveConnections } from '../../src/forwarding/live-connections.ts'
import { accountRecord } from '../../src/identity/account-record.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import {
  causeOf,
  isSuspension,
  type ResumeRule,
  resumeStep,
  type Suspension,
  type SuspensionCause,
  suspendedAgain,
  wordsOf
} from '../../src/identity/suspension.ts'
import { inWords } from '../../src/reasons/in-words.ts'
import { suspendByWatch } from '../../src/services/watch-suspension.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

const clock = () => 1000

t.test('a suspension keeps its strictest cause', t => {
  const rows: readonly [string, SuspensionCause | null, SuspensionCause, SuspensionCause, string][] = [
    ['the first one counts', null, 'budget', 'budget', 'next'],
    ['an operator who gives a new reason does not make it an ordinary one', 'decoy', 'operator', 'decoy', 'next'],
    ['a decoy is stricter than a budget', 'budget', 'decoy', 'decoy', 'next'],
    ['a budget changes nothing after a decoy', 'decoy', 'budget', 'decoy', 'before'],
    ['the watch changes nothing that an operator said', 'operator', 'decoy', 'operator', 'before']
  ]
  for (const [name, before, next, cause, why] of rows) {
    const found = suspendedAgain(before === null ? null : { at: 1, why: 'before', cause: before }, {
      at: 2,
      why: 'next',
      cause: next
    })
    t.match(found, { cause, why }, name)
    const isKept = next === 'operator'
    t.same(found.watchWord, isKept ? { at: 1, why: 'before' } : undefined, `${name}: the sentence of the watch`)
  }
  const first = suspendedAgain({ at: 1, why: 'a decoy', cause: 'decoy' }, { at: 2, why: 'over it', cause: 'operator' })
  const second = suspendedAgain(first, { at: 3, why: 'over it again', cause: 'operator' })
  t.match(second, { why: 'over it again', watchWord: { at: 1, why: 'a decoy' } }, 'the third reason keeps it too')
  const said = (...words: readonly [string, SuspensionCause][]) =>
    words.reduce<Suspension | null>((all, [why, cause], at) => suspendedAgain(all, { at, why, cause }), null)!
  t.equal(inWords(wordsOf(said(['too much', 'budget'])), 'en'), 'too much')
  const all = said(
    ['Too much.', 'budget'],
    ['a decoy', 'decoy'],
    ['Odd.', 'unusual'],
    ['Odd.', 'unusual'],
    ['We look at it', 'operator']
  )
  t.equal(
    inWords(wordsOf(all), 'en'),
    'We look at it. a decoy. Too much. Odd.',
    'the person reads all reasons that stand, each once'
  )
  const many = said(
    ['0', 'decoy'],
    ...Array.from({ length: 9 }, (_, n) => [`${n + 1}`, 'budget'] as [string, SuspensionCause])
  )
  t.equal(inWords(wordsOf(many), 'en'), '0. 6. 7. 8. 9.', 'a record stays small')
  t.ok(isSuspension(all) && !isSuspension({ ...all, more: ['no word'] }))
  t.end()
})

t.test('whose word ends a suspension', t => {
  const asked = { at: 1000, account: 'A', name: 'oscar', why: 'a scanner' }
  const oscar = { account: 'A', name: 'oscar' }
  const olga = { account: 'B', name: 'olga' }
  const root = { account: null, name: 'root' }
  const rows: readonly [string, Partial<Suspension>, ResumeRule, typeof oscar | typeof root, number, string][] = [
    ['after a budget one is enough', { cause: 'budget' }, 'two-operators', oscar, 2000, 'resume'],
    [
      'after a decoy one is enough, unless the configuration asks for two',
      { cause: 'decoy' },
      'one-operator',
      oscar,
      2000,
      'resume'
    ],
    ['the first of two', { cause: 'decoy' }, 'two-operators', oscar, 2000, 'ask'],
    ['the same again', { cause: 'decoy', resumeAsked: asked }, 'two-operators', oscar, 2000, 'same_operator'],
    [
      'renamed meanwhile',
      { cause: 'decoy', resumeAsked: asked },
      'two-operators',
      { account: 'A', name: 'x' },
      2000,
      'same_operator'
    ],
    ['the second of two', { cause: 'decoy', resumeAsked: asked }, 'two-operators', olga, 2000, 'resume'],
    ['the second a day later', { cause: 'decoy', resumeAsked: asked }, 'two-operators', olga, 86_401_000, 'ask'],
    ['at the terminal', { cause: 'decoy', resumeAsked: asked }, 'two-operators', root, 2000, 'resume'],
    [
      'at the terminal, twice',
      { cause: 'decoy', resumeAsked: { ...asked, ...root } },
      'two-operators',
      root,
      2000,
      'same_operator'
    ],
    ['a cause of a newer release', { cause: 'weather' as SuspensionCause }, 'two-operators', oscar, 2000, 'ask']
  ]
  for (const [name, more, rule, by, now, step] of rows)
    t.equal(resumeStep({ at: 1, why: 'w', ...more }, rule, by, now), step, name)
  t.end()
})

t.test('records of other releases read well', t => {
  const account = { id: 'A'.repeat(22), name: 'ada', displayName: 'Ada', email: null, groups: [], directory: 'local' }
  const rows: readonly [string, object, SuspensionCause | null][] = [
    ['an older one without a cause is an operator’s', {}, 'operator'],
    ['a cause of a newer release is the strictest', { cause: 'weather' }, 'decoy'],
    ['a damaged one admits nobody', { cause: 7 }, null],
    ['one with the sentence of the watch', { cause: 'decoy', watchWord: { at: 1, why: 'w' } }, 'decoy'],
    ['nor one with a damaged sentence of the watch', { watchWord: { at: 1 } }, null],
    ['nor one with a damaged word of an operator', { confirmed: { at: 1 } }, null]
  ]
  for (const [name, more, cause] of rows) {
    const text = JSON.stringify({ ...account, createdAt: 1, suspended: { at: 1, why: 'odd', ...more } })
    const found = accountRecord.parse(text)
    t.equal(found?.suspended == null ? null : causeOf(found.suspended), cause, name)
  }
  t.end()
})

function fixture() {
  const store = new MemoryStore(clock)
  const accounts = new Accounts({ store, clock })
  const live = new LiveConnections({ clock })
  t.teardown(() => live.close())
  const sessions = { endAccount: async () => 1 }
  const events: object[] = []
  const sink = { writable: true, record: (event: object) => void events.push(event), commit: async () => {} }
  const open = (accountId: string) => {
    const ended: string[] = []
    const end = (reason: string) => void ended.push(reason)
    live.add({
      sessionId: 's',
      accountId,
      appId: 'files',
      groups: [],
      endsAt: null,
      isSocket: false,
      bytesMoved: 0,
      end
    })
    return ended
  }
  return { store, accounts, live, sessions, events, sink, open }
}

t.test('the watch ends a person’s connections here at once, even while the store is down', async t => {
  const { store, accounts, live, sessions, events, sink, open } = fixture()
  const { id } = await accounts.create({ name: 'ada' })
  const ended = open(id)
  const others = open('B'.repeat(22))
  const parts = { accounts, live, sessions } as unknown as Parameters<typeof suspendByWatch>[1]
  store.isDown = true
  const what = { account: id, words: { why: 'Too much.' }, cause: 'decoy', at: 5, sink } as const
  await t.rejects(suspendByWatch(what, parts), StoreUnreachable)
  t.same([ended, others], [['suspended'], []])
  t.same(events, [])
  store.isDown = false
  t.equal(await suspendByWatch(what, parts), true)
  t.match((await accounts.byId(id))?.suspended, { why: 'Too much.', cause: 'decoy' })
  t.match(events, [{ kind: 'user.change', outcome: 'suspended', name: 'ada', by: 'watch', cause: 'decoy', ended: 1 }])
  t.equal(await suspendByWatch(what, parts), false, 'a person who is suspended already stays as they are')
  t.equal(events.length, 1)
})
