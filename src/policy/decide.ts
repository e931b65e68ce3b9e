/** The policy decision: a pure function, and the only maker of a Permit. The strictest verdict of all readings counts. */
import { type Compiled, compiledOf } from './compile.ts'
import type { Decision, Permit, Reason, RefuseReason, Would } from './decision.ts'
import {
  type Asked,
  ask,
  askerFor,
  type FreshFor,
  judge,
  judgeNoMatch,
  type Question,
  strictness,
  type Verdict
} from './evaluate.ts'
import { fold } from './glob-encodings.ts'
import type { Requirement } from './policy.ts'

export type { Question }

/** `question.now` is the only clock. */
export function decide(question: Question): Decision {
  const asked = ask(question)
  let verdict = strictestOf(asked)
  if (question.alsoAs !== undefined)
    for (const method of question.alsoAs) verdict = stricter(verdict, strictestOf({ ...asked, method }))
  return toDecision(asked, verdict)
}

function strictestOf(asked: Asked): Verdict {
  let strictest: Verdict | null = null
  eachVerdict(compiledOf(asked.policy), asked, verdict => {
    strictest = strictest === null ? verdict : stricter(strictest, verdict)
    return strictest.strictness < strictness.not_allowed
  })
  return strictest ?? judgeNoMatch(asked)
}

/** Also judges the folded form of a reading. Ends when `take` answers false. */
export function eachVerdict(
  { exact, folded, isFoldedAlready }: Compiled,
  asked: Asked,
  take: (verdict: Verdict, path: string, isFolded: boolean) => boolean
): void {
  const judgeRule = (rule: Compiled['rules'][number]) => judge(rule, asked)
  for (const reading of asked.readings) {
    if (!take(exact.first(reading, judgeRule) ?? judgeNoMatch(asked), reading, false)) return
    if (folded === null) continue
    const path = fold(reading)
    if (path === reading && isFoldedAlready) continue
    if (!take(folded.first(path, judgeRule) ?? judgeNoMatch(asked), path, true)) return
  }
}

/** Two permits end at the earlier time; two challenges ask for the factors that serve both, else for the stricter one's. */
function stricter(one: Verdict, other: Verdict): Verdict {
  if (one === other) return one
  const [strict, mild] = other.strictness > one.strictness ? [other, one] : [one, other]
  if (strict.strictness >= strictness.lockdown) return strict
  if (strict.reason === null) {
    const freshUntil = earlier(strict.freshUntil, mild.freshUntil)
    const freshFor = smaller(strict.freshFor, mild.freshFor)
    if (freshUntil === strict.freshUntil && freshFor === strict.freshFor) return strict
    return { ...strict, freshUntil, freshFor, rule: freshUntil === strict.freshUntil ? strict.rule : mild.rule }
  }
  if (mild.reason === null) return strict
  return { ...strict, requirement: both(strict.requirement, mild.requirement) }
}

function both(one: Requirement, other: Requirement): Requirement {
  if (one === other) return one
  const factors = one.factors.filter(factor => other.factors.includes(factor))
  return factors.length === 0
    ? one
    : {
        factors,
        institution: one.institution === true && other.institution === true,
        withinSeconds: earlier(one.withinSeconds, other.withinSeconds)
      }
}

function smaller(one: FreshFor | null, other: FreshFor | null): FreshFor | null {
  return one === null || (other !== null && other.bytes < one.bytes) ? other : one
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.min(one, other)
}

/** For an app whose rules are only reported. */
export function forwardAsNobody(appId: string, would: Would): Extract<Decision, { kind: 'forward' }> {
  return { kind: 'forward', permit: permit(appId, null, -1, null), would }
}

function toDecision(asked: Asked, verdict: Verdict): Decision {
  const { reason } = verdict
  if (asked.isReportOnly) return toReport(asked, verdict)
  if (isRefusal(reason)) return { kind: 'refuse', reason }
  if (reason !== null) return { kind: 'challenge', reason, requirement: verdict.requirement }
  const { rule, freshUntil, freshFor } = verdict
  const granted = permit(asked.appId, subjectFor(asked, rule), rule, freshUntil)
  return { kind: 'forward', permit: freshFor === null ? granted : { ...granted, freshForRule: freshFor.rule } }
}

/** The permit has no end, because no proof is asked for. */
function toReport(asked: Asked, { reason, rule }: Verdict): Decision {
  const forward = { kind: 'forward', permit: permit(asked.appId, subjectFor(asked, rule), rule, null) } as const
  return reason === null ? forward : { ...forward, would: { kind: isRefusal(reason) ? 'refuse' : 'challenge', reason } }
}

/** An app never gets the name of a person who showed only one factor, or not the device key that the rule looks at. */
function subjectFor(asking: Asked, rule: number): Permit['subject'] {
  const asked = askerFor(asking.policy.rules[rule] ?? {}, asking)
  return asked.signedIn === 'fully' ? asked.subject : null
}

function isRefusal(reason: Reason | null): reason is RefuseReason {
  return reason === 'not_allowed' || reason === 'lockdown'
}

function permit(appId: string, subject: Permit['subject'], rule: number, freshUntil: number | null): Permit {
  return { appId, subject, rule, freshUntil } as Permit
}
