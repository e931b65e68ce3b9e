/** Short forms for questions to the policy, for tables. */
import { type FactorKind, factorKinds, type Proof, type ProofKind } from '../../src/factor/proof.ts'
import type { Subject } from '../../src/identity/subject.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { decide, type Question } from '../../src/policy/decide.ts'
import { type Explanation, explain } from '../../src/policy/explain.ts'
import type { Outcome, Rule } from '../../src/policy/policy.ts'
import { parseTarget } from '../../src/request/target.ts'

export const now = Date.UTC(2026, 10, 22, 12)
const minute = 60_000

export const pub: Outcome = { access: 'public' }
export const deny: Outcome = { access: 'deny' }

/** `mfa()`, `mfa(300)`, `mfa(null, 'webauthn')`. */
export function mfa(withinSeconds: number | null = null, ...factors: FactorKind[]): Outcome {
  return { access: 'mfa', requirement: { factors: factors.length === 0 ? factorKinds : factors, withinSeconds } }
}

/** A proof `minutes` old. */
export function proof(kind: ProofKind, minutes = 1, userVerified = false): Proof {
  return { kind, at: now - minutes * minute, userVerified, generation: 1 }
}

export function person(name: string, ...groups: string[]): Subject {
  return { id: `id-${name}`, name, displayName: name, email: null, groups }
}

export const signedIn: readonly Proof[] = [proof('password', 60), proof('totp', 60)]
export const halfSignedIn: readonly Proof[] = [proof('password', 1)]
export const alice = person('alice', 'researchers')

export function question(
  rules: readonly Rule[],
  raw: string,
  change: Partial<Question> = {},
  caseSensitive = false
): Question {
  const readings = parseTarget(raw)?.readings
  if (readings === undefined) throw new Error(`${raw} is no target`)
  return {
    appId: 'app',
    policy: compilePolicy(rules, caseSensitive),
    readings,
    method: 'GET',
    address: '192.0.2.1',
    subject: null,
    proofs: [],
    now,
    ...change
  }
}

/** `forward`, or the code of the challenge or refusal. */
export function brief(decision: Explanation['decision']): string {
  return decision.kind === 'forward' ? 'forward' : decision.reason
}

export function verdict(...args: Parameters<typeof question>): string {
  return brief(decide(question(...args)))
}

/** The verdict with its reasons. */
export function explained(asked: Question): Explanation {
  return explain(asked, decide(asked))
}
