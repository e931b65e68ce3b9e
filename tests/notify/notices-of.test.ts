/** Which events people are told of, and who. */
import t from 'tap'
import type { AuditEvent } from '../../src/audit/event.ts'
import { noticeOf } from '../../src/notify/notices-of.ts'
import { RefusalCount } from '../../src/notify/refusal-count.ts'
import { reason } from '../../src/reasons/reason.ts'

const alice = { account: 'id-alice', name: 'alice' }
const at = Date.UTC(2026, 10, 28)
const person = { kind: 'account', id: 'id-alice' }
const operators = { kind: 'operators' }

t.test('an event becomes a notice to whom it concerns', async t => {
  const rows: [what: string, event: Omit<AuditEvent, 'at'>, kind: string | null, to?: object[], facts?: object][] = [
    [
      'an added factor',
      { kind: 'enrol', factor: 'totp', outcome: 'enrolled', ...alice },
      'factor-added',
      [person],
      { factor: 'totp' }
    ],
    ['a wrong code at an enrolment', { kind: 'enrol', factor: 'totp', outcome: 'refused', ...alice }, null],
    [
      'a removed factor',
      { kind: 'factor.remove', factor: 'webauthn', outcome: 'removed', ...alice },
      'factor-removed',
      [person]
    ],
    [
      'a factor that never stood',
      { kind: 'factor.remove', factor: 'totp', outcome: 'invitation_over', ...alice },
      null
    ],
    ['a reset', { kind: 'factor.remove', outcome: 'reset', removed: 2, ...alice }, 'factors-reset', [person]],
    [
      'a factor that was switched off',
      { kind: 'factor.disable', factor: 'totp', ...alice },
      'factor-disabled',
      [person]
    ],
    [
      'a recovery code',
      { kind: 'proof', factor: 'recovery', outcome: 'verified', ...alice },
      'recovery-used',
      [person]
    ],
    ['a code of an app', { kind: 'proof', factor: 'totp', outcome: 'verified', ...alice }, null],
    ['a wrong recovery code', { kind: 'proof', factor: 'recovery', outcome: 'refused', ...alice }, null],
    ['new recovery codes', { kind: 'recovery.issue', outcome: 'issued', ...alice }, 'recovery-issued', [person]],
    ['a token for a program', { kind: 'token.issue', ...alice }, 'token-issued', [person]],
    ['a new password', { kind: 'password.change', outcome: 'changed', ...alice }, 'password-changed', [person]],
    ['a wrong password at a change', { kind: 'password.change', outcome: 'refused', ...alice }, null],
    [
      'a suspension',
      { kind: 'user.change', outcome: 'suspended', why: 'left', operator: 'root', ...alice },
      'suspended',
      [person, operators],
      { why: 'left', other: 'root' }
    ],
    ['its end', { kind: 'user.change', outcome: 'resumed', ...alice }, 'resumed', [person, operators]],
    ['a new account', { kind: 'user.change', outcome: 'added', ...alice }, null],
    [
      'a request to a sponsor',
      { kind: 'sponsor.ask', person: 'alice', sponsor: 'bob', ...alice },
      'sponsor-asked',
      [{ kind: 'name', name: 'bob' }]
    ],
    ['a request to the operators', { kind: 'sponsor.ask', person: 'alice', ...alice }, 'sponsor-asked', [operators]],
    [
      'an approval',
      { kind: 'sponsor.approve', person: 'carol', sponsor: 'alice', ...alice },
      'sponsor-approved',
      [{ kind: 'name', name: 'carol' }, person]
    ],
    [
      'a budget that is passed, with the step notify',
      { kind: 'watch.budget', outcome: 'passed', isTold: true, why: 'much', ...alice },
      'budget-passed',
      [operators],
      { why: 'much' }
    ],
    ['a budget that only counts', { kind: 'watch.budget', outcome: 'passed', isTold: false, ...alice }, null],
    [
      'unusual use, with the step notify',
      { kind: 'watch.unusual', outcome: 'strange', isTold: true, why: 'much', ...alice },
      'unusual-use',
      [operators],
      { why: 'much' }
    ],
    [
      'something new in an app',
      { kind: 'watch.app', outcome: 'alarm', app: 'files', isTold: true, why: 'New on /login', ...alice },
      'app-changed',
      [operators],
      { why: 'New on /login' }
    ],
    [
      'a posture that an operator has set',
      { kind: 'posture', outcome: 'lockdown', before: 'normal', why: 'odd sign-ins', ...alice },
      'posture-set',
      [operators],
      { what: 'lockdown', why: 'odd sign-ins', app: undefined, ends: undefined }
    ],
    [
      'a posture of one app, for a while',
      { kind: 'posture', outcome: 'elevated', app: 'files', until: '2026-11-28T16:30:00.000Z', why: 'x', ...alice },
      'posture-set',
      [operators],
      { what: 'elevated', app: 'files', ends: Date.UTC(2026, 10, 28, 16, 30) }
    ],
    ['a posture that has ended by itself', { kind: 'posture', outcome: 'ended', why: 'over', ...alice }, null],
    ['unusual use that is only journaled', { kind: 'watch.unusual', outcome: 'odd', isTold: false, ...alice }, null],
    [
      'a decoy that a person has touched',
      { kind: 'watch.decoy', outcome: 'touched', isTold: true, why: 'much', ...alice },
      'decoy-touched',
      [operators],
      { why: 'much' }
    ],
    ["a stranger's touch of a decoy", { kind: 'watch.decoy', outcome: 'stranger', isTold: false }, null],
    ['an exchange', { kind: 'exchange', status: 200, ...alice }, null],
    ['a message that was sent', { kind: 'notice.sent', ...alice }, null],
    ['a message that was given up', { kind: 'notice.failed', ...alice }, null]
  ]
  for (const [what, event, kind, to, facts = {}] of rows) {
    const notice = noticeOf({ at, ...event } as AuditEvent)
    t.equal(notice?.kind ?? null, kind, what)
    if (to !== undefined) t.match(notice, { to, at, account: 'id-alice', facts }, `${what}: to whom`)
  }
})

t.test('each notice that the watch causes carries its reasons, for readers of every language', async t => {
  const reasons = [reason('appOn', { app: 'files', page: '/login' }), reason('appForm', { target: '/x' })]
  for (const kind of ['watch.app', 'watch.budget', 'watch.unusual', 'watch.decoy'] as const)
    t.same(noticeOf({ kind, at, isTold: true, why: 'x', ...alice }, reasons)?.facts.reasons, reasons, kind)
})

t.test('a certificate has the same id on each gate, and another one for each warning', async t => {
  const event = (days: number) => ({
    kind: 'certificate.ending' as const,
    at,
    fingerprint: 'ab',
    days,
    what: 'x',
    ends: new Date(at).toISOString()
  })
  t.equal(noticeOf(event(7))?.facts.ends, at)
  t.equal(noticeOf(event(7))?.id, noticeOf({ ...event(7), at: at + 1 })?.id)
  t.not(noticeOf(event(7))?.id, noticeOf(event(1))?.id)
})

t.test('wrong guesses', async t => {
  const guess = (more: object = {}): AuditEvent => ({
    kind: 'login',
    at,
    outcome: 'refused',
    factor: 'password',
    ...alice,
    ...more
  })
  const told = (events: readonly AuditEvent[]) => {
    const refusals = new RefusalCount()
    return events.map(event => refusals.noticeOf(event)).filter(notice => notice !== null)
  }
  t.match(
    told(Array(30).fill(guess())),
    [{ kind: 'refusals', facts: { count: 10 }, to: [person, operators] }],
    'are told at the tenth, once'
  )
  t.same(told(Array(9).fill(guess())), [], 'nine are none of anybody’s business')
  t.same(told(Array(30).fill(guess({ account: undefined }))), [], 'at unknown names concern nobody')
  t.same(told(Array(30).fill(guess({ outcome: 'throttled' }))), [], 'that were not checked do not count')
  t.same(
    told(Array.from({ length: 30 }, (_, i) => guess({ at: at + i * 10 * 60_000 }))),
    [],
    'of one every ten minutes there are never ten within an hour'
  )
  const [first] = told(Array(10).fill(guess()))
  const [later] = told(Array(10).fill(guess({ at: at + 3600_000 })))
  t.equal(first?.id, later?.id, 'have one id for a day, so that other gates do not tell it again')
})
