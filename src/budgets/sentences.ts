/** What happened to a budget, in one sentence. */
import { dayMs, hourMs } from '../clock.ts'
import type { ClockJump } from '../metering/clock-jumps.ts'
import { sizeOf, spanOf } from '../reasons/quantities.ts'
import { type Reason, reason } from '../reasons/reason.ts'
import { type Budget, has, laterSteps, titleOf } from './budget.ts'
import type { Happening, LedgerState } from './ledger.ts'

/** `1.5 MiB`. */
export function bytesInWords(bytes: number): string {
  const { value, unit } = sizeOf(bytes)
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${unit}`
}

/** `10 minutes`. */
export function spanInWords(seconds: number): string {
  const { count, unit } = spanOf(seconds)
  return count === 1 && unit !== 'second' ? `1 ${unit}` : `${count} ${unit}s`
}

export function spanOfBudget({ isPerProof, windowSeconds }: Budget): string {
  return isPerProof ? 'one proof' : spanInWords(windowSeconds)
}

export function amountInWords({ counted }: Pick<Budget, 'counted'>, amount: number): string {
  if (counted === 'bytes') return bytesInWords(amount)
  const what = counted === 'requests' ? 'request' : 'different page'
  return `${amount} ${what}${amount === 1 ? '' : 's'}`
}

const deeds = { bytes: 'fetched', requests: 'made', distinctPaths: 'asked for' } as const

export interface Told extends Pick<LedgerState, 'spent' | 'limit'> {
  readonly own: number
}

export type CountedSubject =
  | { readonly kind: 'account'; readonly name: string }
  | { readonly kind: 'program'; readonly program: string; readonly name: string }
  | { readonly kind: 'app'; readonly app: string }
  | { readonly kind: 'everyone' }

export function whoInWords(who: CountedSubject): string {
  if (who.kind === 'account') return who.name
  if (who.kind === 'program') return `The program '${who.program}' of ${who.name}`
  return who.kind === 'app' ? 'everybody at this app' : 'everybody'
}

export function reasonOfWho(who: CountedSubject): Reason {
  if (who.kind === 'account') return reason('ofAccount', { name: who.name })
  if (who.kind === 'program') return reason('ofProgram', { program: who.program, name: who.name })
  return who.kind === 'app' ? reason('ofApp', { app: who.app }) : reason('ofEveryone', {})
}

const reasonIds = { bytes: 'budgetFetched', requests: 'budgetRequests', distinctPaths: 'budgetPages' } as const
const ledIds = { bytes: 'budgetLedBytes', requests: 'budgetLedRequests', distinctPaths: 'budgetLedPages' } as const

/** None where nobody is told: of a purchase, and for `freshFor`. */
export function reasonsOf(budget: Budget, told: Told, happening: Happening): readonly Reason[] {
  const { app, direction, counted, windowSeconds } = budget
  const { spent, own, limit } = told
  if (happening === 'bought' || budget.isPerProof) return []
  const passed = counted === 'bytes' && direction === 'in' ? 'budgetSent' : reasonIds[counted]
  const facts = { amount: spent, app: app ?? '', seconds: windowSeconds, budget: titleOf(budget), limit }
  return [
    reason(passed, facts),
    ...(happening === 'unanswered' ? [reason('budgetUnanswered', {})] : []),
    ...(own >= spent ? [] : [reason(ledIds[counted], { amount: spent - own })]),
    ...(isSpared(budget, told) ? [reason('budgetSpared', {})] : []),
    ...(isOpenedByProof(budget, told) ? [reason('budgetConfirmable', {})] : [])
  ]
}

function isSpared(budget: Budget, { spent, own, limit }: Told): boolean {
  return own < spent && own <= limit && has(budget, 'suspend')
}

function isOpenedByProof(budget: Budget, { spent, own, limit }: Told): boolean {
  const isStrict = laterSteps(budget).some(step => step === 'cut' || step === 'suspend')
  return own < spent && own <= limit && !has(budget, 'step-up') && isStrict
}

/** `who`: a person's name, or what stands for it. */
export function sentenceOf(budget: Budget, { spent, own, limit }: Told, happening: Happening, who: string): string {
  const { app, direction, counted, isPerProof } = budget
  const isSent = counted === 'bytes' && direction === 'in'
  const did = isSent ? 'sent' : deeds[counted]
  const place = app === null ? '' : isSent || counted === 'requests' ? ` to ${app}` : ` from ${app}`
  const much = `${amountInWords(budget, spent)}${place} ${isPerProof ? 'with' : 'within'} ${spanOfBudget(budget)}`
  const allowed = `the budget '${titleOf(budget)}' allows ${amountInWords(budget, limit)}`
  const led = own >= spent ? '' : ` ${ledInWords(budget, { spent, own, limit })}`
  if (happening === 'bought') return `${who} has confirmed it with a second factor, and may go on: ${much}; ${allowed}.`
  if (happening === 'unanswered')
    return `${who} has ${did} ${much}; ${allowed}. Nobody has confirmed it with a second factor within a minute.${led}`
  return `${who} has ${did} ${much}; ${allowed}.${led}`
}

function ledInWords(budget: Budget, told: Told): string {
  const part = amountInWords(budget, told.spent - told.own)
  const led = `Another site or a prefetch may have led the browser to ${part} of it`
  const ledSo = isSpared(budget, told) ? `${led}, so the account is not suspended for it.` : `${led}.`
  return isOpenedByProof(budget, told)
    ? `${ledSo} Whoever confirms it with a second factor may go on, and operators can lift it (factorgate user resume).`
    : ledSo
}

export function sentenceOfJump({ from, to }: ClockJump): string {
  const minutes = Math.round(Math.abs(to - from) / 60_000) * 60
  const hours = Math.round(Math.abs(to - from) / hourMs) * 3600
  const days = Math.round(Math.abs(to - from) / dayMs) * 86_400
  const span = spanInWords(days >= 2 * 86_400 ? days : hours >= 2 * 3600 ? hours : minutes)
  return to > from
    ? `The clock of this machine was put ahead by ${span}. What budgets have counted stays until its time has really passed.`
    : `The clock of this machine was put back by ${span}. What budgets have counted counts from now on for a whole window.`
}
