/** Invitations and enrolment: who may add a factor, and what follows. */
import t from 'tap'
import type { Caller } from '../../src/sign-in/caller.ts'
import { fixture, rightPassword, type SignInFixture } from '../fixtures/in-process/sign-in.ts'
import { codeAt } from '../fixtures/pipeline/portal.ts'

const password = 'correct horse battery'

/** Ada after her invitation's password. */
async function invited(t: { teardown(handler: () => unknown): void }, more: Partial<Caller> = {}) {
  const it = await fixture(t)
  const ada = await it.accounts.create({ name: 'ada' })
  const token = await it.invitations.issue(ada.id)
  const outcome = await it.signIn.invitation.accept(it.nobody(more), token, ada, password, [])
  if (outcome.kind !== 'entered') throw new Error(outcome.kind)
  return { ...it, ada, token, principal: outcome.principal }
}

async function enrolApp(it: SignInFixture, by: Parameters<SignInFixture['signIn']['enrolment']['withTotp']>[0]) {
  const { account, session } = by.principal
  const { ceremony, secret } = await it.totp.open({ id: account.id, name: account.name }, session.id)
  return it.signIn.enrolment.withTotp(by, { ceremony, code: codeAt(secret, it.clock()), name: 'phone' })
}

t.test('an invitation', async t => {
  t.test('sets a password and lets its holder enrol, nothing else', async t => {
    const { signIn, principal, said, as } = await invited(t)
    t.same([principal.isFullySignedIn, await signIn.enrolment.may(as(principal))], [false, 'yes'])
    t.same(said(), ['invitation.accept'])
  })

  const rows: [string, string, object][] = [
    ['refuses a password that is too short', 'short', { kind: 'weak', problem: 'too_short' }],
    ['refuses the name of the place', 'examplelab lab', { kind: 'weak', problem: 'is_name' }]
  ]
  for (const [sentence, typed, answer] of rows)
    t.test(sentence, async t => {
      const { signIn, nobody, accounts, invitations } = await fixture(t)
      const ada = await accounts.create({ name: 'ada' })
      const token = await invitations.issue(ada.id)
      t.match(await signIn.invitation.accept(nobody(), token, ada, typed, ['examplelab lab']), answer)
      t.match(await signIn.invitation.look(token), { isBegun: false }, 'and is not spent')
    })

  t.test('of two who hold it, one sets a password', async t => {
    const { signIn, nobody, accounts, invitations } = await fixture(t)
    const ada = await accounts.create({ name: 'ada' })
    const token = await invitations.issue(ada.id)
    const both = await Promise.all(
      [1, 2].map(n => signIn.invitation.accept(nobody(), token, ada, `${password} ${n}`, []))
    )
    t.same(both.map(({ kind }) => kind).sort(), ['denied', 'entered'])
  })

  t.test('the journal takes no line: the link stays good', async t => {
    const { signIn, nobody, accounts, invitations, journal } = await fixture(t)
    const ada = await accounts.create({ name: 'ada' })
    const token = await invitations.issue(ada.id)
    journal.isFull = true
    t.match(await signIn.invitation.accept(nobody(), token, ada, password, []), {
      kind: 'denied',
      code: 'journal_unwritable'
    })
    t.match(await signIn.invitation.look(token), { isBegun: false })
  })

  t.test('goes on with link and password together, before a second factor stands', async t => {
    const it = await invited(t)
    const { signIn, nobody, token, ada } = it
    t.match(await signIn.invitation.look(token), { isBegun: true })
    t.equal((await signIn.invitation.resume(nobody(), token, ada, 'wrong wrong wrong')).kind, 'refused')
    t.match(await signIn.invitation.resume(nobody(), token, ada, password), {
      kind: 'entered',
      next: { kind: 'enrol' }
    })
    await it.withApp(ada)
    t.equal(await signIn.invitation.look(token), null, 'and is over then')
  })
})

t.test('the first factor', async t => {
  t.test('completes the sign-in, spends the invitation, brings recovery codes, ends the other sign-ins', async t => {
    const it = await invited(t)
    const other = await it.halfWay(it.ada)
    it.said()
    const outcome = await enrolApp(it, it.as(it.principal))
    if (outcome.kind !== 'enrolled') return t.fail(outcome.kind)
    t.same([outcome.principal.isFullySignedIn, outcome.codes?.length, outcome.next.kind], [true, 10, 'recovery-codes'])
    t.type(outcome.token, 'string')
    t.equal(await it.invitations.waiting(it.ada.id), null)
    t.equal(await it.sessions.stands(other.session.id), false)
    t.same(it.said(), ['enrol totp enrolled', 'session.end  others', 'recovery.issue recovery issued'])
  })

  t.test('is taken back where the invitation was replaced meanwhile (FIELD G2)', async t => {
    const it = await invited(t)
    await it.invitations.issue(it.ada.id)
    t.match(await enrolApp(it, it.as(it.principal)), { kind: 'denied', code: 'enrolment_not_allowed' })
    t.same(await it.credentials.list(it.ada.id), [])
    t.equal(it.said().at(-1), 'factor.remove totp invitation_over')
  })

  t.test('is taken back where the journal takes no line', async t => {
    const it = await invited(t)
    it.journal.isFull = true
    await t.rejects(enrolApp(it, it.as(it.principal)), { code: 'journal_unwritable' })
    t.same(await it.credentials.list(it.ada.id), [])
  })
})

t.test('another factor takes a fresh proof with one that stands (THREATS M5, M22)', async t => {
  const it = await fixture(t)
  const ada = await it.enter('ada')
  const half = await it.halfWay(ada)
  t.equal(await it.signIn.enrolment.may(it.as(half)), 'no', 'a password alone enrols nothing')
  const code = await it.withApp(ada)
  t.equal(await it.signIn.enrolment.may(it.as(half)), 'confirm-first', 'nor once there is something to confirm with')
  const outcome = await it.signIn.secondFactor.withCode(it.as(half), 'totp', code())
  if (outcome.kind !== 'entered') return t.fail(outcome.kind)
  const { principal } = outcome
  t.equal(await it.signIn.enrolment.may(it.as(principal)), 'yes')
  it.time.advance(301)
  t.equal(await it.signIn.enrolment.may(it.as(principal)), 'confirm-first', 'a proof grows old')
  t.equal(await it.signIn.enrolment.mayFinish(it.as(principal), true), 'yes', 'what was begun may be finished')
  const added = await enrolApp(it, it.as(principal))
  t.match(added, { kind: 'enrolled', token: null, browser: null, next: { kind: 'recovery-codes' } })
})

t.test('a changed password', async t => {
  const rows: [string, string, string, string, string[]][] = [
    ['takes the old one', 'wrong wrong wrong', password, 'refused', ['password.change  refused']],
    ['must be good', rightPassword, 'short', 'weak', []],
    [
      'ends the other sign-ins',
      rightPassword,
      'another good one',
      'changed',
      ['password.change  changed', 'session.end  others']
    ]
  ]
  for (const [sentence, old, fresh, kind, lines] of rows)
    t.test(sentence, async t => {
      const it = await fixture(t)
      const ada = await it.enter('ada')
      const other = await it.halfWay(ada)
      const by = it.as(await it.halfWay(ada))
      it.said()
      t.equal((await it.signIn.passwordChange.change(by, old, fresh, [])).kind, kind)
      t.same(it.said(), lines)
      t.equal(await it.sessions.stands(other.session.id), kind !== 'changed')
      t.equal(await it.sessions.stands(by.principal.session.id), true)
    })
})
