/** The text of an explanation for operators (`factorgate explain`). */
import type { Reason } from './decision.ts'
import type { Explanation, ReadingExplanation } from './explain.ts'
import type { Requirement, Rule } from './policy.ts'

const reasons: Record<Reason, string> = {
  sign_in_required: 'nobody is signed in',
  second_factor_required: 'a second factor is missing',
  other_factor_required: 'another second factor is needed',
  fresh_proof_required: 'the last such proof is too old',
  not_allowed: 'not allowed'
}

export function describeVerdict(verdict: ReadingExplanation['verdict']): string {
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

export function formatExplanation(explanation: Explanation): string {
  const { decision, readings } = explanation
  const lines = [describeDecision(explanation), '', `  who    ${describeWho(explanation)}`]
  lines.push(`  asked  ${explanation.method} of app ${explanation.appId} from ${explanation.address}`)
  const ways = readings.filter(({ method }) => method === explanation.method).length
  if (ways > 1) lines.push(`  The path can be read in ${ways} ways; the strictest verdict counts.`)
  if (ways < readings.length)
    lines.push('  The query names another method (_method), so that one is judged too; the strictest counts.')
  if (decision.kind === 'refuse' && decision.reason === 'app_maintenance')
    lines.push('  The rules forward it, but the app is in maintenance: the gate answers 503.')
  for (const reading of readings) lines.push('', ...describeReadingLines(reading, explanation.method))
  if (decision.kind === 'forward' && decision.permit.freshUntil !== null)
    lines.push('', `  Holds until ${new Date(decision.permit.freshUntil).toISOString()}.`)
  return `${lines.join('\n')}\n`
}

function describeDecision({ decision }: Explanation): string {
  if (decision.kind === 'forward') {
    const { would, permit } = decision
    if (would !== undefined)
      return `forward  because the app only reports (enforce: report). The rules would ${would.kind}: ${would.reason}`
    return `forward  by rule ${permit.rule + 1}`
  }
  if (decision.kind === 'refuse') return `refuse  ${decision.reason}`
  return `challenge  ${decision.reason}: ${describeRequirement(decision.requirement)}`
}

function describeWho({ user, groups, signedIn, proofs }: Explanation): string {
  if (user === null) return 'nobody'
  const shown = proofs.map(({ kind, ageSeconds }) => `${kind} ${ageSeconds}s ago`).join(', ') || 'nothing'
  const state = signedIn === 'fully' ? 'fully signed in' : 'not fully signed in'
  return `${user} [${groups.join(', ')}], ${state}; proved ${shown}`
}

function describeReadingLines(
  { path, method, letterCase, verdict, rule, isStrictest, rules }: ReadingExplanation,
  asked: string
): string[] {
  const note = `${letterCase === 'ignored' ? ' (letter case ignored)' : ''}${method === asked ? '' : ` as ${method}`}`
  const reached = rules.filter(({ result }) => result !== 'not reached')
  const numbers = String(rules.length).length
  const lines = reached.map(
    ({ rule: index, result, why, text }) =>
      `    ${result === 'decides' ? '=>' : '  '} rule ${String(index + 1).padStart(numbers)}  ${text}  ${why}`
  )
  if (rule === null) lines.push('    => no rule matches, so it is denied to everybody')
  const left = rules.length - reached.length
  if (left > 0) lines.push(`       ${left} more ${left === 1 ? 'rule' : 'rules'} not reached`)
  return [`  ${isStrictest ? '*' : ' '} ${path}${note}  ${describeVerdict(verdict)}`, ...lines]
}
