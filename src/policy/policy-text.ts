/** Parts of a policy as text for operators: a rule, a requirement, a verdict, a path. */
import type { Reason } from './decision.ts'
import type { Requirement, Rule } from './policy.ts'

const reasons: Record<Reason, string> = {
  sign_in_required: 'nobody is signed in',
  second_factor_required: 'a second factor is missing',
  other_factor_required: 'another second factor is needed',
  fresh_proof_required: 'the last such proof is too old',
  not_allowed: 'not allowed'
}

export function describeVerdict(verdict: 'forward' | Reason): string {
  return verdict === 'forward' ? 'forward' : reasons[verdict]
}

/** A rule in one line, as in the configuration. */
export function describeRule({ path, methods, groups, users, networks, outcome }: Rule): string {
  const parts: string[] = []
  if (path !== undefined) parts.push(`path: ${path}`)
  for (const [name, values] of Object.entries({ methods, groups, users, networks }))
    if (values !== undefined) parts.push(`${name}: [${values.join(', ')}]`)
  parts.push(`access: ${outcome.access}`)
  if (outcome.access === 'mfa') {
    parts.push(`factors: [${outcome.requirement.factors.join(', ')}]`)
    if (outcome.requirement.withinSeconds !== null) parts.push(`within: ${outcome.requirement.withinSeconds}s`)
  }
  return `{ ${parts.join(', ')} }`
}

/** A requirement in a sentence: `webauthn or totp within 300s`. */
export function describeRequirement({ factors, withinSeconds }: Requirement): string {
  return `${factors.join(' or ')}${withinSeconds === null ? '' : ` within ${withinSeconds}s`}`
}

/** A path that is safe to print on a terminal. */
export function describeReading(path: string): string {
  return path.replace(
    /[\p{C}\u2028\u2029]/gu,
    char => `\\u{${(char.codePointAt(0) as number).toString(16).padStart(4, '0')}}`
  )
}
