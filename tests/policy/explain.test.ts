import t from 'tap'
import { decide } from '../../src/policy/decide.ts'
import { formatExplanation } from '../../src/policy/explain-format.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { alice, brief, deny, explained, mfa, now, person, proof, pub, question, signedIn } from './ask.ts'

const rules: Rule[] = [
  { path: '/static/**', methods: ['GET', 'HEAD'], outcome: pub },
  { path: '/admin/**', groups: ['operators'], outcome: mfa(300, 'webauthn') },
  { path: '/admin/**', outcome: deny },
  { networks: ['10.0.0.0/8'], outcome: pub },
  { users: ['bob'], outcome: mfa() },
  { groups: ['researchers'], outcome: mfa() },
  { outcome: deny }
]
const me = { subject: alice, proofs: signedIn }

t.test('says of every rule whether and why', async t => {
  const [reading, ...others] = explained(question(rules, '/data/x', me)).readings
  t.equal(others.length, 0)
  t.match(reading, { path: '/data/x', letterCase: 'exact', verdict: 'forward', rule: 5, isStrictest: true })
  t.same(
    reading?.rules.map(({ result, why }) => [result, why]),
    [
      ['skipped', 'the path does not match'],
      ['skipped', 'the path does not match'],
      ['skipped', 'the path does not match'],
      ['skipped', '192.0.2.1 is in none of its networks'],
      ['skipped', 'alice is none of its users'],
      ['decides', 'it matches, and alice has shown webauthn or totp or recovery'],
      ['not reached', 'an earlier rule decides']
    ]
  )
})

const whys: [why: string, raw: string, who: Parameters<typeof question>[2], expected: string][] = [
  ['a stranger', '/admin/x', {}, 'it matches, and nobody is signed in'],
  [
    'a first factor alone',
    '/admin/x',
    { subject: alice, proofs: [proof('password')] },
    'it matches, and only a first factor was shown'
  ],
  ['a denied path', '/admin/x', me, 'it matches, and its access is deny'],
  ['a public path', '/static/x', {}, 'it matches, and its access is public'],
  [
    'a stale proof',
    '/admin/x',
    { subject: person('olga', 'operators'), proofs: [proof('password'), proof('webauthn', 9)] },
    'it matches, and asks for webauthn within 5m: the last such proof is too old'
  ],
  [
    'another factor',
    '/admin/x',
    { subject: person('olga', 'operators'), proofs: [proof('password'), proof('totp')] },
    'it matches, and asks for webauthn within 5m: another second factor is needed'
  ]
]
for (const [why, raw, who, expected] of whys)
  t.test(`names the reason: ${why}`, async t => {
    const lines = explained(question(rules, raw, who)).readings[0]?.rules
    t.equal(lines?.find(({ result }) => result === 'decides')?.why, expected)
  })

t.test('names the method and the group that do not fit', async t => {
  const why = (raw: string, method: string) =>
    explained(question(rules, raw, { ...me, method })).readings[0]?.rules.map(rule => rule.why)
  t.ok(why('/static/x', 'PUT')?.includes('PUT is none of its methods'))
  t.ok(why('/admin/x', 'GET')?.includes('alice is in none of its groups'))
})

t.test('shows the reading that made the verdict', async t => {
  const { readings, decision } = explained(question(rules, '/static/..%2fAdmin/x', me))
  t.equal(decision.kind, 'refuse')
  const strict = readings.filter(({ isStrictest }) => isStrictest)
  t.same(
    strict.map(({ path, letterCase, verdict, rule }) => [path, letterCase, verdict, rule]),
    [['/admin/x', 'ignored', 'not_allowed', 2]]
  )
})

t.test('the decision is that of decide(), and all of it survives JSON', async t => {
  for (const raw of ['/static/x', '/admin/x', '/data/caf%E9', '/x;y//z']) {
    const asked = question(rules, raw, me)
    const explanation = explained(asked)
    t.same(explanation.decision, decide(asked))
    const strictest = explanation.readings.filter(({ isStrictest }) => isStrictest)
    t.same([...new Set(strictest.map(({ verdict }) => verdict))], [brief(explanation.decision)], raw)
    t.same(JSON.parse(JSON.stringify(explanation)), explanation)
  }
})

t.test('in words: a permit', async t => {
  const who = { subject: person('olga', 'operators'), proofs: [proof('password', 9), proof('webauthn', 4)] }
  t.equal(
    formatExplanation(explained(question(rules, '/admin/x', who))),
    `forward  by rule 2

  who    olga [operators], fully signed in; proved password 9m ago, webauthn 4m ago
  asked  GET of app app from 192.0.2.1

  * /admin/x  forward
       rule 1  { path: /static/**, methods: [GET, HEAD], access: public }  the path does not match
    => rule 2  { path: /admin/**, groups: [operators], access: mfa, factors: [webauthn], within: 5m }  it matches, and olga has shown webauthn within 5m
       5 more rules not reached

  Holds until ${new Date(now + 60_000).toISOString()}.
`
  )
})

t.test('in words: a path that can be read in several ways, and nobody', async t => {
  const text = formatExplanation(explained(question(rules.slice(0, 1), '/STATIC//x')))
  t.match(text, /^challenge {2}sign_in_required: webauthn or totp or recovery\n/)
  t.match(text, 'who    nobody')
  t.match(text, 'The path can be read in')
  t.match(text, '* /STATIC//x  nobody is signed in')
  t.match(text, '/static//x (letter case ignored)  forward')
  t.match(text, 'no rule matches, so it is denied to everybody')
})

t.test('in words: a refusal', async t => {
  t.match(formatExplanation(explained(question(rules, '/admin/x', me))), /^refuse {2}not_allowed\n/)
})

t.test('a path from a stranger cannot write to the terminal', async t => {
  const { readings } = explained(question(rules, '/%C2%9B31m%E2%80%AE/caf%C3%A9', me))
  t.ok(readings.some(({ path }) => path === '/\\u{009b}31m\\u{202e}/café'))
  for (const { path } of readings) t.notMatch(path, /[\u0080-\u009f\u202e]/)
})
