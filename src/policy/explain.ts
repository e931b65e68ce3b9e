/** Explains a decision by reading and rule. It names rules and groups, so it is for operators only. */
import type { Binding } from '../device/binding.ts'
import type { ErrorCode } from '../errors.ts'
import { toText } from '../request/utf8.ts'
import { type CompiledRule, compiledOf } from './compile.ts'
import { eachVerdict } from './decide.ts'
import type { Decision } from './decision.ts'
import {
  type Asked,
  ask,
  askerFor,
  judge,
  type Question,
  requirementUnder,
  unmetCondition,
  type Verdict
} from './evaluate.ts'
import type { Rule } from './policy.ts'
import { describeReading, describeRequirement, describeRule, describeVerdict } from './policy-text.ts'

export interface Explanation {
  readonly appId: string
  readonly method: string
  readonly address: string
  readonly user: string | null
  readonly groups: readonly string[]
  readonly signedIn: 'nobody' | 'half' | 'fully'
  readonly proofs: readonly { readonly kind: string; readonly ageSeconds: number }[]
  readonly binding: Binding
  readonly readings: readonly ReadingExplanation[]
  readonly decision: Decision | { readonly kind: 'refuse'; readonly reason: ErrorCode }
}

export interface ReadingExplanation {
  /** UTF-8 where it is well formed. */
  readonly path: string
  /** The request's method, or another one that the app may take it for. */
  readonly method: string
  readonly letterCase: 'exact' | 'ignored'
  readonly verdict: 'forward' | NonNullable<Verdict['reason']>
  readonly rule: number | null
  readonly isStrictest: boolean
  readonly rules: readonly RuleExplanation[]
}

interface RuleExplanation {
  readonly rule: number
  readonly text: string
  readonly result: 'decides' | 'skipped' | 'not reached'
  readonly why: string
}

export function explain(question: Question, decision: Explanation['decision']): Explanation {
  const asked = ask(question)
  const compiled = compiledOf(question.policy)
  const found: { asked: Asked; verdict: Verdict; path: string; isFolded: boolean }[] = []
  for (const method of [question.method, ...(question.alsoAs ?? [])]) {
    const one = { ...asked, method }
    eachVerdict(compiled, one, (verdict, path, isFolded) => found.push({ asked: one, verdict, path, isFolded }) > 0)
  }
  const strictest = Math.max(...found.map(({ verdict }) => verdict.strictness))
  return {
    appId: question.appId,
    method: question.method,
    address: question.address,
    user: question.subject?.name ?? null,
    groups: question.subject?.groups ?? [],
    signedIn: asked.signedIn,
    proofs: question.proofs.map(({ kind, at }) => ({ kind, ageSeconds: Math.round((question.now - at) / 1000) })),
    binding: asked.binding,
    readings: found.map(({ asked, verdict, path, isFolded }) => ({
      path: describeReading(isFolded ? path : toText(path)),
      method: asked.method,
      letterCase: isFolded ? 'ignored' : 'exact',
      verdict: verdict.reason ?? 'forward',
      rule: verdict.rule < 0 ? null : verdict.rule,
      isStrictest: verdict.strictness === strictest,
      rules: explainRules(compiled.rules, asked, path, isFolded)
    })),
    decision
  }
}

function explainRules(
  rules: readonly CompiledRule[],
  asked: Asked,
  path: string,
  isFolded: boolean
): RuleExplanation[] {
  let isDecided = false
  return rules.map(compiled => {
    const { rule, index } = compiled
    const line = { rule: index, text: describeRule(rule) }
    if (isDecided) return { ...line, result: 'not reached', why: 'an earlier rule decides' }
    const globs = isFolded ? compiled.foldedGlobs : compiled.globs
    if (rule.path !== undefined && !globs.some(glob => glob.matches(path)))
      return { ...line, result: 'skipped', why: 'the path does not match' }
    const verdict = judge(compiled, asked)
    if (verdict === null) return { ...line, result: 'skipped', why: whyUnmet(compiled, askerFor(rule, asked)) }
    isDecided = true
    return { ...line, result: 'decides', why: whyDecided(rule, asked, verdict) }
  })
}

function whyUnmet(compiled: CompiledRule, asked: Asked): string {
  const condition = unmetCondition(compiled, asked)
  if (condition === 'methods') return `${asked.method} is none of its methods`
  if (condition === 'networks') return `${asked.address} is in none of its networks`
  if (condition === 'groups') return `${asked.subject?.name} is in none of its groups`
  return `${asked.subject?.name} is none of its users`
}

function whyDecided(rule: Rule, asked: Asked, verdict: Verdict): string {
  const { outcome } = rule
  if (verdict.reason === 'device_proof_required')
    return 'it matches, and the token is nothing without the device key that it is bound to'
  if (verdict.reason === 'sign_in_required') return 'it matches, and nobody is signed in'
  if (verdict.reason === 'second_factor_required') return 'it matches, and only a first factor was shown'
  if (verdict.reason === 'lockdown')
    return `it matches, but in lockdown the app lets in only ${asked.tightening?.onlyGroups?.join(', ')}`
  const isTight = asked.tightening != null && (asked.tightening.onlyGroups !== null || outcome.access === 'mfa')
  if (outcome.access === 'deny' || (outcome.access !== 'mfa' && !isTight))
    return `it matches, and its access is ${outcome.access}`
  const asks = `${describeRequirement(requirementUnder(asked, rule))}${isTight ? ' under the posture' : ''}`
  if (verdict.reason === null) return `it matches, and ${asked.subject?.name} has shown ${asks}`
  return `it matches, and asks for ${asks}: ${describeVerdict(verdict.reason)}`
}
