/** The evaluation of one rule for one request. */
import type { Binding, DeviceBound } from '../device/binding.ts'
import { factorKinds, isFullySignedIn, isProgram, kindsTaken, newestProof, type Proof } from '../factor/proof.ts'
import type { Subject } from '../identity/subject.ts'
import type { CompiledRule } from './compile.ts'
import type { Reason, RefuseReason } from './decision.ts'
import type { Policy, Requirement, Rule } from './policy.ts'
import { type Tightening, tighten } from './tightening.ts'

export interface Question {
  readonly appId: string
  readonly policy: Policy
  /** Inside the app. The literal one comes first. */
  readonly readings: readonly string[]
  readonly method: string
  /** Other methods that the app may take the request for; the strictest verdict counts. */
  readonly alsoAs?: readonly string[] | undefined
  readonly address: string
  readonly subject: Subject | null
  readonly proofs: readonly Proof[]
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly isReportOnly?: boolean
  readonly tightening?: Tightening | null
  readonly binding?: Binding
}

export interface Asked extends Question {
  readonly signedIn: 'nobody' | 'half' | 'fully'
  readonly isProgram: boolean
  readonly binding: Binding
  /** The same request from nobody, if its sign-in's device key is not shown. */
  readonly asStranger: Asked | null
}

/** `rule` is -1 where no rule matches. */
export interface Verdict {
  readonly strictness: number
  readonly reason: Reason | null
  readonly rule: number
  readonly requirement: Requirement
  readonly freshUntil: number | null
  readonly freshFor: FreshFor | null
}

export interface FreshFor {
  readonly rule: number
  readonly bytes: number
}

export const strictness = {
  public: 0,
  mfa: 1,
  device_required: 2,
  fresh_proof_required: 3,
  other_factor_required: 4,
  second_factor_required: 5,
  sign_in_required: 6,
  device_proof_required: 6,
  lockdown: 7,
  not_allowed: 8
} as const

export const anySecondFactor: Requirement = { factors: factorKinds, institution: true, withinSeconds: null }

/** Clocks differ a little. A proof from further ahead is not fresh, otherwise a clock set back would prolong it. */
const clockSkewMs = 60_000

/** Each field is named, because a spread costs more than the rest of a decision. */
export function ask({
  appId,
  policy,
  readings,
  method,
  address,
  subject,
  proofs,
  now,
  isReportOnly = false,
  tightening = null,
  binding = 'none'
}: Question): Asked {
  const isWhole = subject !== null && isFullySignedIn(proofs)
  const byToken = subject !== null && !isWhole && isProgram(proofs)
  const signedIn = subject === null ? 'nobody' : isWhole || byToken ? 'fully' : 'half'
  const asked: Asked = {
    appId,
    policy,
    readings,
    method,
    address,
    subject,
    proofs,
    now,
    isReportOnly,
    tightening,
    signedIn,
    isProgram: byToken,
    binding,
    asStranger: null
  }
  if (binding !== 'stale' || subject === null) return asked
  return { ...asked, asStranger: { ...asked, subject: null, proofs: noProofs, signedIn: 'nobody', isProgram: false } }
}

const noProofs: readonly Proof[] = []

function deviceBoundOf({ deviceBound }: Pick<Rule, 'deviceBound'>, policy: Policy): DeviceBound {
  return deviceBound ?? policy.deviceBound ?? 'off'
}

/** Who asks, for one rule: nobody if the token's device key is not shown, unless the rule ignores keys. */
export function askerFor(rule: Pick<Rule, 'deviceBound'>, asked: Asked): Asked {
  return asked.asStranger === null || deviceBoundOf(rule, asked.policy) === 'off' ? asked : asked.asStranger
}

/** Null when a condition does not hold. */
export function judge(compiled: CompiledRule, asking: Asked): Verdict | null {
  const { rule, index } = compiled
  const asked = askerFor(rule, asking)
  if (unmetCondition(compiled, asked) !== null) return null
  if (asksWho(rule) && asked.signedIn !== 'fully') return missing(asked, index, requirementUnder(asked, rule))
  if (rule.outcome.access === 'deny') return refusal(index)
  if (asked.tightening?.onlyGroups != null) return judgeLockdown(asked, rule, index, asked.tightening.onlyGroups)
  if (rule.outcome.access === 'public') return passage(strictness.public, index, anySecondFactor, null)
  return judgeRequirement(requirementUnder(asked, rule), asked, rule, index)
}

/** Lockdown asks a stranger to sign in on a public path too. */
function judgeLockdown(asked: Asked, rule: Rule, index: number, groups: readonly string[]): Verdict {
  const requirement = requirementUnder(asked, rule)
  if (asked.signedIn !== 'fully') return missing(asked, index, requirement)
  if (!groups.some(group => asked.subject?.groups.includes(group))) return refusal(index, 'lockdown')
  return judgeRequirement(requirement, asked, rule, index)
}

/** A person who is not signed in does not learn what exists (THREATS P18). */
export function judgeNoMatch(asking: Asked): Verdict {
  const asked = askerFor({}, asking)
  return asked.signedIn === 'fully' ? refusal(-1) : missing(asked, -1, anySecondFactor)
}

/** `groups` and `users` are compared only for people who are fully signed in. */
export function unmetCondition(
  { rule, networks }: CompiledRule,
  { method, address, subject, signedIn }: Asked
): 'methods' | 'networks' | 'groups' | 'users' | null {
  const { methods, groups, users } = rule
  if (methods !== undefined && !methods.includes(method) && !(method === 'HEAD' && methods.includes('GET')))
    return 'methods'
  if (networks !== null && !networks.contains(address)) return 'networks'
  if (signedIn !== 'fully' || subject === null) return null
  if (groups !== undefined && !groups.some(group => subject.groups.includes(group))) return 'groups'
  if (users !== undefined && !users.includes(subject.name)) return 'users'
  return null
}

function asksWho(rule: Rule): boolean {
  return rule.groups !== undefined || rule.users !== undefined
}

/** A program can show no proof, so a posture asks it for none; lockdown compares its owner's groups. */
export function requirementUnder(
  { tightening = null, isProgram }: Pick<Asked, 'tightening' | 'isProgram'>,
  { outcome }: Rule
): Requirement {
  const requirement = outcome.access === 'mfa' ? outcome.requirement : anySecondFactor
  return tightening === null || isProgram ? requirement : tighten(requirement, tightening)
}

function freshForOf(outcome: Rule['outcome'], rule: number): FreshFor | null {
  return outcome.access !== 'mfa' || outcome.freshFor === undefined ? null : { rule, bytes: outcome.freshFor }
}

function judgeRequirement(
  requirement: Requirement,
  asked: Asked,
  { outcome, deviceBound }: Rule,
  rule: number
): Verdict {
  const freshFor = freshForOf(outcome, rule)
  if (asked.signedIn !== 'fully') return missing(asked, rule, requirement)
  if (asked.isProgram)
    // A program has no device key, so a rule that demands one is for people alone.
    return freshFor === null && takesPrograms(requirement) && deviceBound !== 'required'
      ? passage(strictness.mfa, rule, requirement, null)
      : refusal(rule)
  const proof = newestPresent(asked, requirement)
  if (proof === undefined) return challenge('other_factor_required', rule, requirement)
  const freshUntil = requirement.withinSeconds === null ? null : proof.at + requirement.withinSeconds * 1000
  if (freshUntil !== null && !(asked.now <= freshUntil && proof.at - asked.now <= clockSkewMs))
    return challenge('fresh_proof_required', rule, requirement)
  if (asked.binding === 'none' && deviceBoundOf({ deviceBound }, asked.policy) === 'required')
    return challenge('device_required', rule, requirement)
  return passage(strictness.mfa, rule, requirement, freshUntil, freshFor)
}

/** A program shows no factor, so a rule that names one is for people alone. */
function takesPrograms({ institution, withinSeconds }: Requirement): boolean {
  return institution === true && withinSeconds === null
}

/** A proof from the future yields to any other, otherwise no new proof would count after the clock was set back. */
function newestPresent({ proofs, now }: Asked, requirement: Requirement): Proof | undefined {
  const kinds = kindsTaken(requirement)
  const newest = newestProof(proofs, kinds)
  if (newest === undefined || newest.at - now <= clockSkewMs) return newest
  return (
    newestProof(
      proofs.filter(({ at }) => at - now <= clockSkewMs),
      kinds
    ) ?? newest
  )
}

function missing({ signedIn, binding }: Asked, rule: number, requirement: Requirement): Verdict {
  const noSignIn = binding === 'stale' ? 'device_proof_required' : 'sign_in_required'
  return challenge(signedIn === 'nobody' ? noSignIn : 'second_factor_required', rule, requirement)
}

function passage(
  level: number,
  rule: number,
  requirement: Requirement,
  freshUntil: number | null,
  freshFor: FreshFor | null = null
): Verdict {
  return { strictness: level, reason: null, rule, requirement, freshUntil, freshFor }
}

function challenge(
  reason: Exclude<Reason, RefuseReason | 'budget_proof_required' | 'unusual_proof_required'>,
  rule: number,
  requirement: Requirement
): Verdict {
  return { strictness: strictness[reason], reason, rule, requirement, freshUntil: null, freshFor: null }
}

function refusal(rule: number, reason: RefuseReason = 'not_allowed'): Verdict {
  return {
    strictness: strictness[reason],
    reason,
    rule,
    requirement: anySecondFactor,
    freshUntil: null,
    freshFor: null
  }
}
