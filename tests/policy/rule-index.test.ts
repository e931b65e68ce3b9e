/** The index of rules: it finds the same rule as a reading from the top, for ten thousand rules too. */
import fc from 'fast-check'
import t from 'tap'
import { decide } from '../../src/policy/decide.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { parseTarget } from '../../src/request/target.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { oddPath } from '../request/odd-paths.ts'
import { alice, deny, explained, halfSignedIn, mfa, person, pub, question, signedIn, verdict } from './ask.ts'

const paths = [
  undefined,
  '/a',
  '/a/**',
  '/admin',
  '/Admin/**',
  '/static/*',
  '/**',
  '/**/a',
  '/a/*/b',
  '/*.x',
  '/a%20',
  '/é/**',
  '/'
]
const rule = fc
  .record({
    path: fc.constantFrom(...paths),
    methods: fc.constantFrom(undefined, ['GET'], ['POST']),
    groups: fc.constantFrom(undefined, undefined, ['researchers'], ['operators']),
    users: fc.constantFrom(undefined, undefined, ['alice'], ['bob']),
    networks: fc.constantFrom(undefined, undefined, ['192.0.2.0/24'], ['10.0.0.0/8']),
    outcome: fc.constantFrom(pub, deny, mfa(), mfa(60), mfa(null, 'webauthn'))
  })
  .map(
    fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as Rule
  )

const who = fc.constantFrom(
  {},
  { subject: alice, proofs: signedIn },
  { subject: alice, proofs: halfSignedIn },
  { subject: person('olga', 'operators'), proofs: signedIn }
)

t.test('the index finds the rule that reading the list from the top finds, for every reading', async t => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 12 }), oddPath, who, fc.boolean(), (rules, raw, who, caseSensitive) => {
      if (parseTarget(raw) === null) return
      const explanation = explained(question(rules, raw, who, caseSensitive))
      for (const reading of explanation.readings) {
        const fromTheTop = reading.rules.find(({ result }) => result === 'decides')?.rule ?? null
        if (fromTheTop !== reading.rule)
          throw new Error(`${reading.path}: rule ${reading.rule} by index, ${fromTheTop} from the top`)
      }
    }),
    { numRuns: cases(400) }
  )
  t.pass()
})

const many: Rule[] = Array.from({ length: 10_000 }, (_, i) => ({ path: `/p/${i}/**`, outcome: i % 2 ? deny : mfa() }))

t.test('ten thousand rules keep their order', async t => {
  const rules: Rule[] = [
    ...many,
    { path: '/p/**', outcome: pub },
    { path: '/p/7/x', outcome: pub },
    { outcome: mfa(1) }
  ]
  const me = { subject: alice, proofs: signedIn }
  t.equal(verdict(rules, '/p/7/x', me), 'not_allowed')
  t.equal(verdict(rules, '/p/8/x', me), 'forward')
  t.equal(verdict(rules, '/p/9999', me), 'not_allowed')
  t.equal(verdict(rules, '/p/10000'), 'forward')
  t.equal(verdict(rules, '/q', me), 'fresh_proof_required')
  t.equal(verdict([{ outcome: deny }, ...rules], '/p/8/x', me), 'not_allowed', 'an early rule without a path')
})

t.test('ten thousand rules cost about what ten cost', async t => {
  const me = { subject: alice, proofs: signedIn }
  const costOnce = (rules: Rule[]) => {
    const asked = question(rules, '/p/8/x', me)
    for (let i = 0; i < 20_000; i++) decide(asked)
    const started = process.cpuUsage()
    for (let i = 0; i < 40_000; i++) decide(asked)
    return process.cpuUsage(started).user
  }
  // The least of five: the rest of the machine only adds.
  const cost = (rules: Rule[]) => Math.min(...Array.from({ length: 5 }, () => costOnce(rules)))
  const few = cost(many.slice(0, 10))
  const lots = cost(many)
  t.ok(lots < few * 20 + 50_000, `${lots / 40} ns against ${few / 40} ns`)
})
