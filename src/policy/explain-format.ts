/** The text of `factorgate explain`. */
import type { Explanation, ReadingExplanation } from './explain.ts'
import { describeAge, describeRequirement, describeVerdict } from './policy-text.ts'

/** `heading`: what happens in place of the rules' decision; null where they decide alone. */
export function formatExplanation(explanation: Explanation, heading: string | null = null): string {
  const { decision, readings } = explanation
  const ruled = describeDecision(decision)
  const lines = [heading ?? ruled, '', ...(heading === null ? [] : [`  rules  ${ruled}`])]
  lines.push(`  who    ${describeWho(explanation)}`)
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

export function describeDecision(decision: Explanation['decision']): string {
  if (decision.kind === 'forward') {
    const { would, permit } = decision
    if (would !== undefined)
      return `forward  because the app only reports (enforce: report). The rules would ${would.kind}: ${would.reason}`
    return `forward  by rule ${permit.rule + 1}`
  }
  if (decision.kind === 'refuse') return `refuse  ${decision.reason}`
  return `challenge  ${decision.reason}: ${describeRequirement(decision.requirement)}`
}

const bindings = {
  none: '',
  fresh: ', on the device that the sign-in is bound to',
  stale: ', without the device key that the sign-in is bound to'
} as const

function describeWho({ user, groups, signedIn, proofs, binding }: Explanation): string {
  if (user === null) return 'nobody'
  const shown = proofs.map(({ kind, ageSeconds }) => `${kind} ${describeAge(ageSeconds)} ago`).join(', ') || 'nothing'
  const state = signedIn === 'fully' ? 'fully signed in' : 'not fully signed in'
  return `${user} [${groups.join(', ')}], ${state}; proved ${shown}${bindings[binding]}`
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
