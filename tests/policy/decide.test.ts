import t from 'tap'
import { compilePolicy } from '../../src/policy/compile.ts'
import { decide, type Question } from '../../src/policy/decide.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { alice, deny, halfSignedIn, mfa, now, person, proof, pub, question, signedIn, verdict } from './ask.ts'

const lab: Rule[] = [
  { path: '/static/**', methods: ['GET', 'HEAD'], outcome: pub },
  { path: '/admin/**', groups: ['operators'], outcome: mfa(300, 'webauthn') },
  { path: '/admin/**', outcome: deny },
  { groups: ['researchers'], outcome: mfa() }
]
const as = (name: string, groups: string[], proofs = signedIn): Partial<Question> => ({
  subject: person(name, ...groups),
  proofs
})
const researcher = as('alice', ['researchers'])
const operator = (...proofs: Question['proofs']) => as('olga', ['operators'], proofs)

const example: [why: string, raw: string, who: Partial<Question>, expected: string][] = [
  ['a public path is for everybody', '/static/a.css', {}, 'forward'],
  ['a public path is for people who are signed in', '/static/a.css', researcher, 'forward'],
  [
    'a public path is for people who are half signed in',
    '/static/a.css',
    { subject: alice, proofs: halfSignedIn },
    'forward'
  ],
  ['a rule that names GET covers HEAD', '/static/a.css', { method: 'HEAD' }, 'forward'],
  ['a rule that names methods leaves the others', '/static/a.css', { method: 'POST' }, 'sign_in_required'],
  ['methods are compared as they are spelled', '/static/a.css', { method: 'get' }, 'sign_in_required'],
  ['a stranger is asked to sign in', '/data', {}, 'sign_in_required'],
  ['a stranger is asked to sign in where a group is needed', '/admin/x', {}, 'sign_in_required'],
  ['P18 a stranger learns nothing about a place nobody listed', '/nowhere', { method: 'BREW' }, 'sign_in_required'],
  ['a first factor alone opens nothing', '/data', { subject: alice, proofs: halfSignedIn }, 'second_factor_required'],
  [
    'a first factor alone does not tell who is an operator',
    '/admin/x',
    { subject: alice, proofs: halfSignedIn },
    'second_factor_required'
  ],
  ['a session without any proof opens nothing', '/data', { subject: alice, proofs: [] }, 'second_factor_required'],
  [
    'an invitation opens nothing',
    '/data',
    { subject: alice, proofs: [proof('invitation'), proof('totp')] },
    'second_factor_required'
  ],
  [
    'a second factor without a first opens nothing',
    '/data',
    { subject: alice, proofs: [proof('totp')] },
    'second_factor_required'
  ],
  ['proofs without a person are nobody', '/data', { subject: null, proofs: signedIn }, 'sign_in_required'],
  ['two factors open', '/data', researcher, 'forward'],
  [
    'a passkey with user verification is both factors',
    '/data',
    as('alice', ['researchers'], [proof('webauthn', 1, true)]),
    'forward'
  ],
  [
    'a security key without user verification is one',
    '/data',
    as('alice', ['researchers'], [proof('webauthn', 1)]),
    'second_factor_required'
  ],
  ['a condition that does not hold leads to the next rule', '/admin/x', researcher, 'not_allowed'],
  ['no match is deny', '/data', as('bob', ['guests']), 'not_allowed'],
  [
    'the right group with another factor is asked for that factor',
    '/admin/x',
    operator(proof('password', 9), proof('totp')),
    'other_factor_required'
  ],
  [
    'the right factor, too long ago, is asked for again',
    '/admin/x',
    operator(proof('password', 9), proof('webauthn', 6)),
    'fresh_proof_required'
  ],
  ['the right factor in time opens', '/admin/x', operator(proof('password', 9), proof('webauthn', 4)), 'forward'],
  ['exactly `within` is in time', '/admin/x', operator(proof('password', 9), proof('webauthn', 5)), 'forward'],
  [
    'the newest proof counts',
    '/admin/x',
    operator(proof('password', 9), proof('webauthn', 6), proof('webauthn', 1)),
    'forward'
  ],
  [
    'a fresh proof of another factor is not enough',
    '/admin/x',
    operator(proof('password', 9), proof('webauthn', 6), proof('totp')),
    'fresh_proof_required'
  ],
  [
    'D17 a proof from the future is not fresh',
    '/admin/x',
    operator(proof('password', 9), proof('webauthn', -60)),
    'fresh_proof_required'
  ],
  [
    'clocks that differ by seconds are no reason',
    '/admin/x',
    operator(proof('password', 9), proof('webauthn', -0.5)),
    'forward'
  ],
  [
    'D17 a proof without a time is not fresh',
    '/admin/x',
    operator(proof('password', 9), proof('webauthn', Number.NaN)),
    'fresh_proof_required'
  ]
]
for (const [why, raw, who, expected] of example)
  t.test(`${why}: ${expected}`, async t => t.equal(verdict(lab, raw, who), expected))

const conditions: [why: string, rules: Rule[], who: Partial<Question>, expected: string][] = [
  ['no rules at all', [], {}, 'sign_in_required'],
  ['no rules at all', [], researcher, 'not_allowed'],
  ['first match wins', [{ outcome: deny }, { outcome: pub }], {}, 'not_allowed'],
  ['first match wins', [{ outcome: pub }, { outcome: deny }], {}, 'forward'],
  ['a network that holds', [{ networks: ['192.0.2.0/24'], outcome: pub }], {}, 'forward'],
  ['a network that does not hold', [{ networks: ['10.0.0.0/8'], outcome: pub }], {}, 'sign_in_required'],
  ['a network that does not hold', [{ networks: ['10.0.0.0/8'], outcome: deny }, { outcome: pub }], {}, 'forward'],
  [
    'H11 an address that is none',
    [{ networks: ['0.0.0.0/0'], outcome: pub }],
    { address: 'unknown' },
    'sign_in_required'
  ],
  ['a user who is named', [{ users: ['bob', 'alice'], outcome: mfa() }], researcher, 'forward'],
  ['a user who is not named', [{ users: ['bob'], outcome: mfa() }], researcher, 'not_allowed'],
  ['groups and users both', [{ groups: ['researchers'], users: ['bob'], outcome: mfa() }], researcher, 'not_allowed'],
  ['a denied group', [{ groups: ['researchers'], outcome: deny }, { outcome: mfa() }], researcher, 'not_allowed'],
  [
    'a denied group, and nobody there',
    [{ groups: ['researchers'], outcome: deny }, { outcome: pub }],
    {},
    'sign_in_required'
  ],
  [
    'a denied group, and another person',
    [{ groups: ['guests'], outcome: deny }, { outcome: mfa() }],
    researcher,
    'forward'
  ],
  ['a public rule for a group is for that group', [{ groups: ['researchers'], outcome: pub }], {}, 'sign_in_required'],
  ['a public rule for a group is for that group', [{ groups: ['researchers'], outcome: pub }], researcher, 'forward'],
  ['an empty list of groups holds for nobody', [{ groups: [], outcome: mfa() }], researcher, 'not_allowed'],
  ['an empty list of methods holds for none', [{ methods: [], outcome: pub }], {}, 'sign_in_required'],
  [
    'an empty list of factors can be met by none',
    [{ outcome: { access: 'mfa', requirement: { factors: [], withinSeconds: null } } }],
    researcher,
    'other_factor_required'
  ],
  ['a denied method', [{ methods: ['DELETE'], outcome: deny }, { outcome: pub }], { method: 'DELETE' }, 'not_allowed'],
  [
    'HEAD where GET is denied',
    [{ methods: ['GET'], outcome: deny }, { outcome: pub }],
    { method: 'HEAD' },
    'not_allowed'
  ],
  ['GET where HEAD alone is public', [{ methods: ['HEAD'], outcome: pub }], {}, 'sign_in_required']
]
for (const [why, rules, who, expected] of conditions)
  t.test(`${why}: ${expected}`, async t => t.equal(verdict(rules, '/x', who), expected))

t.test('a permit says which app, who, by which rule, and for how long', async t => {
  const asked = question(lab, '/admin/x', operator(proof('password', 9), proof('webauthn', 4)))
  t.same(decide(asked), {
    kind: 'forward',
    permit: { appId: 'app', subject: asked.subject, rule: 1, freshUntil: now + 60_000 }
  })
  t.same(decide(question(lab, '/data', researcher)), {
    kind: 'forward',
    permit: { appId: 'app', subject: researcher.subject, rule: 3, freshUntil: null }
  })
})

t.test('a public path forwards the identity of people who are fully signed in, and of nobody else', async t => {
  const subjectOf = (who: Partial<Question>) => {
    const decision = decide(question(lab, '/static/x', who))
    return decision.kind === 'forward' ? decision.permit.subject : 'not forwarded'
  }
  t.same(subjectOf(researcher), researcher.subject)
  t.equal(subjectOf({}), null)
  t.equal(subjectOf({ subject: alice, proofs: halfSignedIn }), null, 'M1 a first factor alone is nobody')
})

t.test('a challenge says what the rule asks for', async t => {
  const who = operator(proof('password', 9), proof('webauthn', 6))
  const requirement = { factors: ['webauthn'], withinSeconds: 300 }
  t.same(decide(question(lab, '/admin/x', who)), { kind: 'challenge', reason: 'fresh_proof_required', requirement })
  t.same(decide(question(lab, '/admin/x')), { kind: 'challenge', reason: 'sign_in_required', requirement })
})

t.test('readings that fall under different rules', async t => {
  const both = (a: Rule['outcome'], b: Rule['outcome'], who: Partial<Question>) =>
    decide({
      ...question(
        [
          { path: '/a', outcome: a },
          { path: '/b', outcome: b }
        ],
        '/',
        who
      ),
      readings: ['/a', '/b']
    })
  const stale = as('alice', [], [proof('password', 30), proof('totp', 20), proof('webauthn', 10)])

  t.match(both(mfa(), deny, stale), { kind: 'refuse' }, 'refuse is stricter than anything')
  t.match(both(deny, mfa(), stale), { kind: 'refuse' }, 'in either order')
  t.match(
    both(pub, mfa(), {}),
    { kind: 'challenge', reason: 'sign_in_required' },
    'a challenge is stricter than a permit'
  )
  t.match(both(pub, mfa(60), stale), { kind: 'challenge', reason: 'fresh_proof_required' })
  t.match(
    both(mfa(60), mfa(null, 'recovery'), stale),
    { reason: 'other_factor_required', requirement: { factors: ['recovery'], withinSeconds: 60 } },
    'another factor is stricter than a fresh one, and one proof serves both'
  )
  t.match(
    both(mfa(60, 'totp', 'webauthn'), mfa(30, 'webauthn'), stale),
    { reason: 'fresh_proof_required', requirement: { factors: ['webauthn'], withinSeconds: 30 } },
    'one proof that serves both is asked for'
  )
  t.match(
    both(mfa(60, 'totp'), mfa(60, 'webauthn'), stale),
    { reason: 'fresh_proof_required', requirement: { factors: ['totp'], withinSeconds: 60 } },
    'where no proof serves both, one after the other'
  )
  t.match(
    both(mfa(3600, 'totp'), mfa(3600, 'webauthn'), stale),
    { kind: 'forward', permit: { rule: 0, freshUntil: now + 40 * 60_000 } },
    'two permits leave together while both hold'
  )
  t.match(both(mfa(), mfa(3600), stale), { kind: 'forward', permit: { rule: 1 } }, 'the rule that ends first is named')
  t.match(both(pub, mfa(), stale), { kind: 'forward', permit: { rule: 1 } }, 'the rule that asks for more is named')
})

t.test('a question without readings is answered like one without a match', async t => {
  t.match(decide({ ...question([{ outcome: pub }], '/'), readings: [] }), { kind: 'challenge' })
  t.match(decide({ ...question([{ outcome: pub }], '/', researcher), readings: [] }), { kind: 'refuse' })
})

t.test('a policy that was never compiled means the same', async t => {
  const { policy, ...rest } = question(lab, '/ADMIN/x', researcher)
  t.same(decide({ ...rest, policy: { rules: policy.rules, caseSensitive: false } }), decide({ ...rest, policy }))
})

t.test('compiling refuses a network that cannot be read', async t => {
  t.throws(() => compilePolicy([{ networks: ['10.0.0.0/99'], outcome: pub }], false), { name: 'NetworkError' })
})
