/** What the policy makes of a sign-in's device key: the table of docs/device-bound.md. */
import t from 'tap'
import type { Binding, DeviceBound } from '../../src/device/binding.ts'
import { factorKinds } from '../../src/factor/proof.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { explain } from '../../src/policy/explain.ts'
import { formatExplanation } from '../../src/policy/explain-format.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { policySentences } from '../../src/policy/policy-text.ts'
import { alice, brief, deny, halfSignedIn, mfa, proof, pub, question, signedIn } from './ask.ts'

const rules: Rule[] = [
  { path: '/public', outcome: pub },
  { path: '/denied', outcome: deny },
  { path: '/group', groups: ['others'], outcome: mfa() },
  { path: '/fresh', outcome: mfa(300) },
  { path: '/key', outcome: mfa(null, 'webauthn') },
  { path: '/off', deviceBound: 'off', outcome: mfa() },
  { path: '/must', deviceBound: 'required', outcome: mfa() },
  { path: '/app', outcome: mfa() }
]

/** Path → the answer with no key, with a key that is shown, and with one that is not. */
const table: Readonly<Record<DeviceBound, Readonly<Record<string, readonly [string, string, string]>>>> = {
  off: {
    '/app': ['forward', 'forward', 'forward'],
    '/must': ['device_required', 'forward', 'device_proof_required'],
    '/nowhere': ['not_allowed', 'not_allowed', 'not_allowed']
  },
  preferred: {
    '/app': ['forward', 'forward', 'device_proof_required'],
    '/public': ['forward', 'forward', 'forward'],
    '/denied': ['not_allowed', 'not_allowed', 'not_allowed'],
    '/group': ['not_allowed', 'not_allowed', 'device_proof_required'],
    '/fresh': ['fresh_proof_required', 'fresh_proof_required', 'device_proof_required'],
    '/key': ['other_factor_required', 'other_factor_required', 'device_proof_required'],
    '/off': ['forward', 'forward', 'forward'],
    '/must': ['device_required', 'forward', 'device_proof_required'],
    '/nowhere': ['not_allowed', 'not_allowed', 'device_proof_required']
  },
  required: {
    '/app': ['device_required', 'forward', 'device_proof_required'],
    '/public': ['forward', 'forward', 'forward'],
    '/fresh': ['fresh_proof_required', 'fresh_proof_required', 'device_proof_required'],
    '/off': ['forward', 'forward', 'forward']
  }
}
const bindings: readonly Binding[] = ['none', 'fresh', 'stale']
const ask = (path: string, level: DeviceBound, binding: Binding, change = {}) =>
  question(rules, path, {
    policy: compilePolicy(rules, false, level),
    subject: alice,
    proofs: signedIn,
    binding,
    ...change
  })

for (const [level, paths] of Object.entries(table) as [DeviceBound, (typeof table)['off']][])
  t.test(`an app that says ${level}`, async t => {
    for (const [path, answers] of Object.entries(paths))
      for (const [at, binding] of bindings.entries())
        t.equal(brief(decide(ask(path, level, binding))), answers[at], `${path}, ${binding}`)
  })

t.test('the app hears the name only of a person who shows their key', async t => {
  const subject = (path: string, binding: Binding, level: DeviceBound = 'preferred') => {
    const decision = decide(ask(path, level, binding))
    return decision.kind === 'forward' ? (decision.permit.subject?.name ?? null) : brief(decision)
  }
  t.equal(subject('/public', 'none'), 'alice')
  t.equal(subject('/public', 'fresh'), 'alice')
  t.equal(subject('/public', 'stale'), null)
  t.equal(subject('/public', 'stale', 'off'), 'alice')
  t.equal(subject('/off', 'stale'), 'alice')
})

t.test('nobody, and who is half signed in, is asked as ever', async t => {
  t.equal(brief(decide(ask('/app', 'required', 'none', { subject: null, proofs: [] }))), 'sign_in_required')
  t.equal(brief(decide(ask('/app', 'required', 'none', { proofs: halfSignedIn }))), 'second_factor_required')
})

t.test('a program has no device: only a rule of its own keeps it out', async t => {
  const outcome = {
    access: 'mfa',
    requirement: { factors: factorKinds, institution: true, withinSeconds: null }
  } as const
  const program = { proofs: [proof('token')] }
  const said = (rule: Rule) =>
    brief(decide(ask('/x', 'required', 'none', { ...program, policy: compilePolicy([rule], false, 'required') })))
  t.equal(said({ outcome }), 'forward')
  t.equal(said({ outcome, deviceBound: 'required' }), 'not_allowed')
})

t.test('an app that only reports says what would have been', async t => {
  const decision = decide(ask('/app', 'preferred', 'stale', { isReportOnly: true }))
  t.match(decision, { kind: 'forward', would: { kind: 'challenge', reason: 'device_proof_required' } })
  t.equal(decision.kind === 'forward' ? decision.permit.subject : '', null)
})

t.test('the strictest reading counts', async t => {
  t.equal(brief(decide(ask('/off/%2e%2e/app', 'preferred', 'stale'))), 'device_proof_required')
})

t.test('the evidence says it in sentences', async t => {
  const { rules: sentences, otherwise } = policySentences(compilePolicy(rules, true, 'preferred'))
  t.match(sentences[5], /, on any device\.$/)
  t.match(sentences[6], /, only on the device that the sign-in is bound to\.$/)
  t.match(otherwise, 'A sign-in that a browser has bound to its device works on that device alone.')
  t.notMatch(policySentences(compilePolicy(rules, true)).otherwise, 'device')
})

t.test('explain shows the key', async t => {
  const text = (path: string, binding: Binding) => {
    const asked = ask(path, 'preferred', binding)
    return formatExplanation(explain(asked, decide(asked)))
  }
  t.match(text('/app', 'stale'), 'without the device key that the sign-in is bound to')
  t.match(text('/app', 'stale'), 'the token is nothing without the device key that it is bound to')
  t.match(text('/app', 'fresh'), 'on the device that the sign-in is bound to')
  t.match(text('/must', 'none'), 'the sign-in is bound to no device')
  t.match(text('/must', 'none'), 'deviceBound: required }')
  t.notMatch(text('/group', 'stale'), 'alice is in none of its groups')
})
