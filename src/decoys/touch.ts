/** A judged touch of a decoy. */
import { factorKinds } from '../factor/kinds.ts'
import { newestProof, type Proof } from '../factor/proof.ts'
import type { Led } from '../metering/led.ts'
import { type DecoyStep, decoySteps, stoppingSteps } from './steps.ts'

/**
 * `unknown`: the store did not say who. `half_way`: with the first factor alone. `led`: perhaps against the person's will. `reported`: the app only
 * reports.
 */
export type TouchOutcome = 'stranger' | 'unknown' | 'half_way' | 'led' | 'reported' | 'touched'

export interface Touch {
  readonly outcome: TouchOutcome
  /** The journal is always written. */
  readonly steps: readonly DecoyStep[]
  /** The app must not see the request. */
  readonly isStopped: boolean
}

export interface TouchFacts {
  readonly signedIn: 'nobody' | 'unknown' | 'half' | 'fully'
  readonly led: Led | null
  readonly isReportOnly: boolean
  readonly steps: readonly DecoyStep[]
  readonly isJustProved: boolean
  /** A page of the app may have led them, and that was rare so far. */
  readonly isLinked: boolean
}

/** A question is no touch: a preflight carries no session, and WebDAV clients list folders by themselves. `alsoAs`: overrides' methods. */
export function isQuestion(method: string, alsoAs: () => readonly string[]): boolean {
  return isAsking(method) && alsoAs().every(isAsking)
}

function isAsking(method: string): boolean {
  return method === 'OPTIONS' || method === 'PROPFIND'
}

/** Whoever has only a password may be a thief, and must not get the owner suspended (THREATS B4). */
export function judgeTouch({ signedIn, led, isReportOnly, steps, isJustProved, isLinked }: TouchFacts): Touch {
  const mild = decoySteps.filter(step => step === 'journal' || (step === 'notify' && steps.includes(step)))
  if (signedIn === 'nobody') return { outcome: 'stranger', steps: ['journal'], isStopped: false }
  // The rules refuse them too.
  if (signedIn === 'unknown') return { outcome: 'unknown', steps: ['journal'], isStopped: false }
  if (signedIn === 'half') return { outcome: 'half_way', steps: mild, isStopped: false }
  if (isReportOnly) return { outcome: 'reported', steps: mild, isStopped: false }
  const stopping = stoppingSteps.filter(step => steps.includes(step) && (step !== 'step-up' || !isJustProved))
  if (led !== null) return { outcome: 'led', steps: mild, isStopped: stopping.length > 0 }
  if (isLinked && stopping.some(step => step !== 'step-up'))
    return { outcome: 'touched', steps: [...mild, 'step-up'], isStopped: true }
  const acting = decoySteps.filter(step => mild.includes(step) || stopping.includes(step))
  return { outcome: 'touched', steps: acting, isStopped: stopping.length > 0 }
}

const justProvedMs = 60_000

/** `step-up` asks them nothing. */
export function isJustProved(proofs: readonly Proof[], now: number): boolean {
  const at = newestProof(proofs, factorKinds)?.at
  return at !== undefined && Math.abs(now - at) <= justProvedMs
}
