/** What a posture adds to a rule: the tighter requirement, whom lockdown lets in, and what programs may do. */
import t from 'tap'
import { type FactorKind, factorKinds, type Proof } from '../../src/factor/proof.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { tighten } from '../../src/policy/tightening.ts'
import { tighteningOf } from '../../src/posture/tightening-of.ts'

const terms = {
  elevated: { factor: 0.5, factors: ['webauthn'] as const, withinSeconds: 900 },
  lockdown: { groups: ['operators', 'instruments'] }
}
const elevated = tighteningOf(() => 'elevated', terms)('files')!
const lockdown = tighteningOf(() => 'lockdown', terms)('files')!

t.test('the tighter requirement of a rule', t => {
  const rows: readonly [string, readonly FactorKind[], number | null, readonly FactorKind[], number][] = [
    ['any factor, for the whole session', factorKinds, null, ['webauthn'], 900],
    ['half of the rule’s time', factorKinds, 600, ['webauthn'], 300],
    ['at most the posture’s time', factorKinds, 86_400, ['webauthn'], 900],
    ['at least a second', factorKinds, 1, ['webauthn'], 1],
    ['no factor in common: the posture’s', ['totp'], null, ['webauthn'], 900],
    ['those in common', ['totp', 'webauthn'], null, ['webauthn'], 900]
  ]
  for (const [name, factors, withinSeconds, wanted, seconds] of rows) {
    const rule = { factors, institution: true, withinSeconds }
    t.strictSame(tighten(rule, elevated), { factors: wanted, withinSeconds: seconds }, name)
    t.equal(tighten(rule, elevated), tighten(rule, elevated), 'it is made once')
  }
  t.equal(tighteningOf(() => 'normal', terms)('files'), null)
  t.end()
})

t.test('people and programs', t => {
  const now = 1_800_000_000_000
  const proof = (kind: Proof['kind'], at = now): Proof => ({ kind, at, userVerified: true, generation: 0 })
  const key = [proof('password'), proof('webauthn')]
  const program = [proof('token')]
  const any: Rule = {
    outcome: { access: 'mfa', requirement: { factors: factorKinds, institution: true, withinSeconds: null } }
  }
  const open: Rule = { outcome: { access: 'public' } }
  const rows: readonly [string, Rule, readonly Proof[], string, typeof elevated, string][] = [
    ['a program goes on while it is elevated', any, program, 'staff', elevated, 'forward'],
    ['in lockdown it is closed like its owner', any, program, 'staff', lockdown, 'lockdown'],
    ['in lockdown a program of a group that gets in', any, program, 'instruments', lockdown, 'forward'],
    ['a public path is open while it is elevated', open, [], 'staff', elevated, 'forward'],
    ['a public path in lockdown, with a passkey', open, key, 'operators', lockdown, 'forward'],
    [
      'a public path in lockdown, with a code',
      open,
      [proof('password'), proof('totp')],
      'operators',
      lockdown,
      'other_factor_required'
    ],
    ['half-way', any, [proof('password')], 'operators', lockdown, 'second_factor_required']
  ]
  for (const [name, rule, proofs, group, tightening, wanted] of rows) {
    const subject = { id: 'A', name: 'ada', originalName: 'ada', displayName: 'Ada', email: null, groups: [group] }
    const decision = decide({
      appId: 'files',
      policy: compilePolicy([rule], true),
      readings: ['/x'],
      method: 'GET',
      address: '192.0.2.1',
      subject: proofs.length === 0 ? null : subject,
      proofs,
      now,
      tightening
    })
    t.equal(decision.kind === 'forward' ? 'forward' : decision.reason, wanted, name)
  }
  const decision = decide({
    appId: 'files',
    policy: compilePolicy([any], true),
    readings: ['/x'],
    method: 'GET',
    address: '192.0.2.1',
    subject: { id: 'A', name: 'ada', originalName: 'ada', displayName: 'Ada', email: null, groups: [] },
    proofs: key,
    now,
    tightening: elevated
  })
  t.match(decision, { kind: 'forward', permit: { freshUntil: now + 900_000 } }, 'an open socket ends with the proof')
  t.end()
})
