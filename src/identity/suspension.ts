/** A suspension of an account: when, why, by whom, and what operators say about it. */
import type { Words } from '../reasons/reason.ts'

const suspensionCauses = ['operator', 'budget', 'unusual', 'decoy'] as const
export type SuspensionCause = (typeof suspensionCauses)[number]

export interface OperatorWord {
  readonly at: number
  /** The operator's account id; null for the command line. */
  readonly account: string | null
  /** The operator's name, or that of the system's user. */
  readonly name: string
  readonly why: string
}

interface WatchWord extends Words {
  readonly at: number
}

/** The person reads `why`. A suspension by the watch also has reasons, except in older records. */
export interface Suspension extends Words {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Absent in older records. */
  readonly cause?: SuspensionCause
  /** What the watch said, if an operator has given another reason since. */
  readonly watchWord?: WatchWord
  /** What other parts of the watch said: at most `maxMore`, the oldest first. */
  readonly more?: readonly WatchWord[]
  /** The operator who found the suspension right. */
  readonly confirmed?: OperatorWord
  /** The first of two operators who want to end it (`watch.resume.afterDecoy`). */
  readonly resumeAsked?: OperatorWord
}

/** An older record has no cause: `operator`. An unknown cause counts as the strictest. */
export function causeOf({ cause }: Suspension): SuspensionCause {
  if (cause === undefined) return 'operator'
  return suspensionCauses.includes(cause) ? cause : 'decoy'
}

const maxMore = 4

/** All words for the person, without duplicates: those in use first. */
export function wordsOf({ why, reasons, watchWord, more = [] }: Suspension): readonly Words[] {
  const all = [spoken({ why, reasons }), ...(watchWord === undefined ? [] : [spoken(watchWord)]), ...more.map(spoken)]
  return all.filter((words, i) => all.findIndex(one => one.why === words.why) === i)
}

function spoken({ why, reasons }: Loose): Words {
  return reasons === undefined ? { why } : { why, reasons }
}

interface Loose {
  readonly why: string
  readonly reasons?: Words['reasons'] | undefined
}

export function isByWatch(suspension: Suspension): boolean {
  return causeOf(suspension) !== 'operator'
}

/** Null for a suspension by an operator. */
export function watchWordOf(suspension: Suspension): WatchWord | null {
  if (!isByWatch(suspension)) return null
  return suspension.watchWord ?? { at: suspension.at, ...spoken(suspension) }
}

export function isSuspension(value: unknown): value is Suspension {
  if (typeof value !== 'object' || value === null) return false
  const { why, cause, watchWord, more, confirmed, resumeAsked } = value as Partial<Suspension>
  return (
    typeof why === 'string' &&
    (cause === undefined || typeof cause === 'string') &&
    (watchWord === undefined || isWatchWord(watchWord)) &&
    (more === undefined || (Array.isArray(more) && more.every(isWatchWord))) &&
    [confirmed, resumeAsked].every(word => word === undefined || isWord(word))
  )
}

function isWatchWord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { at, why } = value as Partial<WatchWord>
  return typeof at === 'number' && typeof why === 'string'
}

function isWord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { at, account, name, why } = value as Partial<OperatorWord>
  return (
    typeof at === 'number' &&
    (account === null || typeof account === 'string') &&
    typeof name === 'string' &&
    typeof why === 'string'
  )
}

/**
 * Combines a suspension with the one before. An operator's reason does not make a suspension by the watch an ordinary one: the words of the
 * watch stay. The watch never overrides an operator, and changes its own cause only to a stricter one.
 */
export function suspendedAgain(before: Suspension | null, next: Suspension & { cause: SuspensionCause }): Suspension {
  if (before === null) return next
  if (next.cause === 'operator') {
    const word = watchWordOf(before)
    const { more } = before
    return {
      ...next,
      cause: causeOf(before),
      ...(word === null ? {} : { watchWord: word }),
      ...(more === undefined ? {} : { more })
    }
  }
  const isStricter =
    isByWatch(before) && suspensionCauses.indexOf(next.cause) > suspensionCauses.indexOf(causeOf(before))
  if (!isStricter) return withMore(before, before, { at: next.at, ...spoken(next) })
  return withMore(next, before, watchWordOf(before) ?? before)
}

function withMore(suspension: Suspension, { more = [] }: Suspension, { at, ...words }: WatchWord): Suspension {
  const { why } = words
  if (why === suspension.why || why === suspension.watchWord?.why || more.some(word => word.why === why))
    return suspension
  return { ...suspension, more: [...more, { at, ...spoken(words) }].slice(-maxMore) }
}

/** See `watch.resume.afterDecoy`. */
export const resumeRules = ['one-operator', 'two-operators'] as const
export type ResumeRule = (typeof resumeRules)[number]

/** How long the first operator's word waits for the second, in milliseconds. */
export const resumeAskMs = 24 * 60 * 60_000

/** `resume` ends the suspension, `ask` waits for another operator, `same_operator` changes nothing because this operator has asked already. */
export function resumeStep(
  suspension: Suspension,
  rule: ResumeRule,
  by: Pick<OperatorWord, 'account' | 'name'>,
  now: number
): 'resume' | 'ask' | 'same_operator' {
  if (rule === 'one-operator' || causeOf(suspension) !== 'decoy') return 'resume'
  const { resumeAsked } = suspension
  if (resumeAsked === undefined || now - resumeAsked.at >= resumeAskMs) return 'ask'
  const isSame = resumeAsked.account === by.account && (by.account !== null || resumeAsked.name === by.name)
  return isSame ? 'same_operator' : 'resume'
}
