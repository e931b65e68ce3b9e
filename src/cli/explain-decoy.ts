/** What `factorgate explain` says of an address that is a decoy: what this request gets, what others get, and what follows. */
import type { IncomingHttpHeaders } from 'node:http'
import type { AppMatch } from '../apps/authorize.ts'
import { methodsNamed } from '../apps/method-override.ts'
import type { Decoy } from '../decoys/decoys.ts'
import { type DecoyStep, stoppingSteps } from '../decoys/steps.ts'
import { isQuestion, judgeTouch, type Touch, type TouchFacts } from '../decoys/touch.ts'
import { factorKinds } from '../factor/kinds.ts'
import type { Subject } from '../identity/subject.ts'
import type { Explanation } from '../policy/explain.ts'
import { describeDecision } from '../policy/explain-format.ts'

export interface DecoyExplanation {
  /** As in the configuration; null where the query has too many readings to tell which decoy it would touch. */
  readonly path: string | null
  readonly serve: string | null
  readonly steps: readonly string[]
  readonly isExempt: boolean
  /** False for a question that is no touch (OPTIONS, PROPFIND). */
  readonly isTouch: boolean
  /** What the rules alone decide. */
  readonly rules: RulesDecision
  /** What this request gets in place of it. */
  readonly decision: RulesDecision | Served
  /** The decision, and why, in two paragraphs. */
  readonly heading: string
  /** What others get, and what follows. */
  readonly others: readonly string[]
}

type RulesDecision = Explanation['decision']
type Served = { readonly kind: 'serve'; readonly file: string }

interface DecoyQuestion {
  readonly match: AppMatch
  /** Those of a WebDAV destination too. */
  readonly readings: readonly string[]
  /** Begins with '?', or is ''. */
  readonly query: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly address: string
  /** Null for a stranger, and for who lacks the device key of the sign-in. */
  readonly subject: Subject | null
  readonly signedIn: TouchFacts['signedIn']
  readonly isJustProved: boolean
  /** What the rules alone decide for this request, and for a stranger's. */
  readonly rules: RulesDecision
  readonly rulesForStrangers: RulesDecision
  /** True if two operators must agree before somebody is let in again. */
  readonly takesTwo: boolean
}

/** Null for an ordinary address. */
export function describeDecoy(question: DecoyQuestion): DecoyExplanation | null {
  const { match, readings, query, method, headers, address, subject, signedIn, rules } = question
  const { app } = match
  const decoy = app.decoys?.at(readings, query) ?? null
  if (app.decoys == null || decoy === null) return null
  const isTouch = !isQuestion(method, () => methodsNamed(query, headers))
  const isExempt = app.decoys.exempt.has(address, signedIn === 'fully' ? subject : null)
  const facts = { isExempt, isTouch, rules }
  if (decoy === 'unreadable') {
    const spared = spares(question, isTouch, isExempt) ?? (app.isReportOnly ? 'the app only reports' : null)
    const decision = spared === null ? ({ kind: 'refuse', reason: 'bad_request' } as const) : rules
    const why = `The query has too many readings to tell whether it touches a decoy of this path${spared === null ? ', so the gate answers 400 and suspends nobody' : `, but ${spared}, so the rules decide alone`}.`
    return { path: null, serve: null, steps: [], ...facts, decision, heading: headingOf(decision, why), others: [] }
  }
  const spared = spares(question, isTouch, isExempt)
  const touch = spared === null ? touchOf(question, decoy) : null
  const decision = isTouch ? decisionAfter(touch, decoy, rules) : rules
  const what = touch === null ? `but ${spared}, so nothing happens` : consequence(touch, subject?.name ?? 'this person')
  return {
    path: decoy.text,
    serve: decoy.serve,
    steps: decoy.steps,
    ...facts,
    decision,
    heading: headingOf(decision, `This address is a decoy (${decoy.text}), ${what}.`),
    others: isTouch ? othersAt(question, decoy) : []
  }
}

/** Why nothing happens, if nothing does. */
function spares({ method, subject, address }: DecoyQuestion, isTouch: boolean, isExempt: boolean): string | null {
  if (!isTouch) return `${method} only asks about it`
  return isExempt ? `${subject?.name ?? address} is exempt` : null
}

function touchOf({ match, signedIn, isJustProved }: DecoyQuestion, { steps }: Decoy): Touch {
  return judgeTouch({ signedIn, led: null, isReportOnly: match.app.isReportOnly === true, steps, isJustProved })
}

/** As src/decoys/decoy-watch.ts and plugins/enforce.ts answer. `touch`: null for who is exempt. */
function decisionAfter(touch: Touch | null, { serve }: Decoy, rules: RulesDecision): RulesDecision | Served {
  const isAsked = touch?.isStopped === true && strongest(touch.steps) === 'step-up'
  if (isAsked)
    return rules.kind === 'forward'
      ? {
          kind: 'challenge',
          reason: 'unusual_proof_required',
          requirement: { factors: factorKinds, withinSeconds: null }
        }
      : rules
  if (serve !== null) return rules.kind === 'forward' ? { kind: 'serve', file: serve } : rules
  if (touch?.isStopped !== true) return rules
  return { kind: 'refuse', reason: touch.steps.includes('suspend') ? 'account_suspended' : 'not_allowed' }
}

const strongest = (steps: readonly DecoyStep[]) => stoppingSteps.findLast(step => steps.includes(step)) ?? null

function headingOf(decision: RulesDecision | Served, why: string): string {
  const said = decision.kind === 'serve' ? `serve  a made-up ${decision.file} file` : describeDecision(decision)
  return `${said}\n\n  ${why}`
}

function consequence({ outcome, steps }: Touch, name: string): string {
  if (outcome === 'stranger') return 'but nobody is signed in, so the touch is only written to the journal'
  if (outcome === 'half_way')
    return `but ${name} has shown no second factor, so the touch is ${told(steps)} and stops nobody`
  if (outcome === 'reported') return `but the app only reports, so the touch is ${told(steps)} and stops nobody`
  const strong = strongest(steps)
  if (strong === null) return `and nothing stops ${name}: the touch is ${told(steps)}`
  return `so ${name} ${stopped[strong as keyof typeof stopped]}; the touch is ${told(steps)}`
}

const stopped = {
  suspend: 'is suspended at once',
  cut: 'is signed out at once',
  'step-up': 'is asked for a second factor again'
} as const

function told(steps: readonly DecoyStep[]): string {
  return steps.includes('notify') ? 'written to the journal and told to operators' : 'written to the journal'
}

/** Whoever else comes by, and what an operator can do afterwards. */
function othersAt(question: DecoyQuestion, decoy: Decoy): string[] {
  const { match, rulesForStrangers, takesTwo } = question
  const isReportOnly = match.app.isReportOnly === true
  const strong = isReportOnly ? null : strongest(decoy.steps)
  const noted = told(decoy.steps)
  const file = decoy.serve === null ? '' : `a made-up ${decoy.serve} file, where the rules forward the request`
  const signedIn =
    strong === null
      ? `gets ${file === '' ? 'what the rules say' : file}; the touch is ${noted}`
      : `${stopped[strong as keyof typeof stopped]}, and gets ${answerOf(strong, file)}; the touch is ${noted}`
  const ledThere = strong === null ? 'the same' : `gets 403 not_allowed and stays as they are; the touch is ${noted}`
  const public_ = rulesForStrangers.kind === 'forward' && file !== '' ? file : describeDecision(rulesForStrangers)
  return [
    `somebody who is signed in     ${signedIn}`,
    `whom another site led there   ${ledThere}`,
    `with the password alone       what the rules say; the touch is ${noted}`,
    `a stranger                    ${public_}; the touch is written to the journal`,
    'to see the touches            factorgate journal search --kind watch.decoy',
    ...(strong === 'suspend'
      ? [`to let somebody in again      factorgate user resume NAME --why TEXT${takesTwo ? ' (two operators)' : ''}`]
      : [])
  ]
}

function answerOf(strong: DecoyStep, file: string): string {
  if (strong === 'step-up') return 'nothing before that'
  if (file !== '') return file
  return strong === 'suspend' ? '403 account_suspended' : '403 not_allowed'
}
