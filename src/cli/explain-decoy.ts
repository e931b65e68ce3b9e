/** What `factorgate explain` says of a decoy: what this request gets, what others get, and what follows. */
import type { IncomingHttpHeaders } from 'node:http'
import type { AppMatch } from '../apps/authorize.ts'
import { decoyAsked } from '../apps/decoy-asked.ts'
import { methodsNamed } from '../apps/method-override.ts'
import type { RouteTable } from '../apps/route-table.ts'
import type { Decoy } from '../decoys/decoys.ts'
import type { DecoyStep } from '../decoys/steps.ts'
import { isQuestion, judgeTouch, type Touch, type TouchFacts } from '../decoys/touch.ts'
import { planFor, refusesUnreadable, type TouchDeed, type TouchPlan } from '../decoys/touch-plan.ts'
import { factorKinds } from '../factor/kinds.ts'
import type { Subject } from '../identity/subject.ts'
import { isLinkedHere, ledBy } from '../metering/led.ts'
import type { Explanation } from '../policy/explain.ts'
import { describeDecision } from '../policy/explain-format.ts'

export interface DecoyExplanation {
  /** As in the configuration; null if the query has too many readings to tell. */
  readonly path: string | null
  readonly serve: string | null
  readonly steps: readonly string[]
  readonly isExempt: boolean
  /** False for OPTIONS and PROPFIND. */
  readonly isTouch: boolean
  /** What the rules alone decide. */
  readonly rules: RulesDecision
  /** What this request gets instead of `rules`. */
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
  readonly routes: RouteTable
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
  /** Two operators must agree to let somebody in again. */
  readonly takesTwo: boolean
  /** The configuration has the key `notify`. */
  readonly isTelling: boolean
}

/** Null for an ordinary address. */
export function describeDecoy(question: DecoyQuestion): DecoyExplanation | null {
  const { match, routes, query, method, headers, address, subject, signedIn, rules } = question
  const { app } = match
  const decoy = decoyAsked(match, query, headers, routes)
  if (app.decoys == null || decoy === null) return null
  const isTouch = !isQuestion(method, () => methodsNamed(query, headers))
  const isExempt = app.decoys.exempt.has(address, signedIn === 'fully' ? subject : null)
  const facts = { isExempt, isTouch, rules }
  const spared = spares(question, isTouch, isExempt)
  if (decoy === 'unreadable') {
    const isRefused = isTouch && refusesUnreadable(app.isReportOnly === true, isExempt)
    const decision = isRefused ? ({ kind: 'refuse', reason: 'bad_request' } as const) : rules
    const why = `The query has too many readings to tell whether it touches a decoy of this path${isRefused ? ', so the gate answers 400 and suspends nobody' : `, but ${spared ?? 'the app only reports'}, so the rules decide alone`}.`
    return { path: null, serve: null, steps: [], ...facts, decision, heading: headingOf(decision, why), others: [] }
  }
  const touch =
    spared === null
      ? touchOf(question, decoy, signedIn, ledBy(headers, match.site), isLinkedHere(headers, match.site))
      : null
  const plan = planFor(touch, decoy.serve !== null, 'person')
  const decision = isTouch ? decisionAfter(plan, decoy, rules) : rules
  const what =
    touch === null ? `but ${spared}, so nothing happens` : consequence(touch, plan, subject?.name ?? '', question)
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

/** Why nothing happens; null if something does. */
function spares({ method, subject, address }: DecoyQuestion, isTouch: boolean, isExempt: boolean): string | null {
  if (!isTouch) return `${method} only asks about it`
  return isExempt ? `${subject?.name ?? address} is exempt` : null
}

function touchOf(
  { match, isJustProved }: Pick<DecoyQuestion, 'match' | 'isJustProved'>,
  { steps }: Decoy,
  signedIn: TouchFacts['signedIn'],
  led: TouchFacts['led'],
  isLinked: boolean
): Touch {
  return judgeTouch({ signedIn, led, isLinked, isReportOnly: match.app.isReportOnly === true, steps, isJustProved })
}

/** After `ask` the rules are asked again, and demand the proof. */
function decisionAfter(
  { deed, refusal, givesFile }: TouchPlan,
  { serve }: Decoy,
  rules: RulesDecision
): RulesDecision | Served {
  if (serve !== null && givesFile) return rules.kind === 'forward' ? { kind: 'serve', file: serve } : rules
  if (refusal !== null) return { kind: 'refuse', reason: refusal }
  if (deed !== 'ask' || rules.kind !== 'forward') return rules
  return {
    kind: 'challenge',
    reason: 'unusual_proof_required',
    requirement: { factors: factorKinds, withinSeconds: null }
  }
}

function headingOf(decision: RulesDecision | Served, why: string): string {
  const said = decision.kind === 'serve' ? `serve  a made-up ${decision.file} file` : describeDecision(decision)
  return `${said}\n\n  ${why}`
}

function consequence({ outcome, steps }: Touch, { deed }: TouchPlan, name: string, question: DecoyQuestion): string {
  const told = noted(steps, question)
  if (outcome === 'stranger') return 'but nobody is signed in, so the touch is only written to the journal'
  if (outcome === 'half_way') return `but ${name} has shown no second factor, so it stops nobody; the touch is ${told}`
  if (outcome === 'reported') return `but the app only reports, so it stops nobody; the touch is ${told}`
  if (outcome === 'led') return `but another site may have led ${name} there, so ${name} stays; the touch is ${told}`
  return deed === null
    ? `and nothing stops ${name}: the touch is ${told}`
    : `so ${name} ${done[deed]}; the touch is ${told}`
}

const done: Readonly<Record<TouchDeed, string>> = {
  suspend: 'is suspended at once',
  cut: 'is signed out at once',
  revoke: 'loses the token at once',
  ask: 'is asked for a second factor again'
}

function noted(steps: readonly DecoyStep[], { isTelling }: Pick<DecoyQuestion, 'isTelling'>): string {
  if (!steps.includes('notify')) return 'written to the journal'
  return isTelling
    ? 'written to the journal and told to operators'
    : 'written to the journal, and told to nobody while there is no key notify'
}

/** What others get, and what an operator can do afterwards. */
function othersAt(question: DecoyQuestion, decoy: Decoy): string[] {
  const { rulesForStrangers, takesTwo } = question
  const file = decoy.serve === null ? '' : `a made-up ${decoy.serve} file`
  const about = { match: question.match, isJustProved: false }
  const rowOf = (signedIn: TouchFacts['signedIn'], led: TouchFacts['led'], isLinked = false) => {
    const touch = touchOf(about, decoy, signedIn, led, isLinked)
    const plan = planFor(touch, decoy.serve !== null, 'person')
    return { ...plan, text: `${answerOf(plan, file)}; the touch is ${noted(touch.steps, question)}` }
  }
  const signedIn = rowOf('fully', null)
  const isFileForAll = rulesForStrangers.kind === 'forward' && file !== ''
  const forStrangers = isFileForAll ? file : describeDecision(rulesForStrangers)
  return [
    `somebody who is signed in     ${signedIn.text}`,
    `whom another site led there   ${rowOf('fully', 'other_site').text}`,
    `by a link in the app          ${rowOf('fully', null, true).text}`,
    `with the password alone       ${rowOf('half', null).text}`,
    `a stranger                    ${forStrangers}; the touch is written to the journal`,
    'to see the touches            factorgate journal search --kind watch.decoy',
    ...(signedIn.deed === 'suspend'
      ? [`to let somebody in again      factorgate user resume NAME --why TEXT${takesTwo ? ' (two operators)' : ''}`]
      : [])
  ]
}

function answerOf({ deed, refusal, givesFile }: TouchPlan, file: string): string {
  const given = givesFile && file !== '' ? `${file}, where the rules forward the request` : null
  if (deed === 'ask') return `${done.ask}, and gets nothing before that`
  if (deed !== null) return `${done[deed]}, and gets ${given ?? `403 ${refusal}`}`
  if (refusal !== null) return `gets 403 ${refusal} and stays as they are`
  return `gets ${given ?? 'what the rules say'}`
}
