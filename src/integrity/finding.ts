/** What is new on one page of an app, until an operator approves it. The id follows from the content, so gates agree. */
import { digestOf } from '../ids.ts'
import type { Mark } from './mark.ts'
import { seenInWords, sentenceOf } from './sentences.ts'

/** `alarm`: data may go elsewhere, or foreign code runs. */
export type Severity = 'alarm' | 'change'

export interface Finding {
  /** Eight characters. */
  readonly id: string
  readonly severity: Severity
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly lastAt: number
  /** The shape of a path inside the app. */
  readonly page: string
  /** What is new, without code. */
  readonly items: readonly Mark[]
  /** Hashes of new statements of code. */
  readonly codes: readonly string[]
  /** How many did not fit. */
  readonly left: number
  readonly why: string
  /** True for a path that has answered to a stranger, and nothing else. */
  readonly isByStranger?: true
  /** If only strangers have seen it: a hash of their network, or `several`. */
  readonly onlySeenBy?: string
}

export type SeenBy = Pick<Finding, 'isByStranger' | 'onlySeenBy'>

const maxItems = 48
const maxCodes = 512
export const maxFindings = 32

export function makeFinding(
  app: string,
  page: string,
  marks: readonly Mark[],
  severity: Severity,
  now: number,
  seenBy: SeenBy = {}
): Finding {
  const all = marks.filter(({ kind }) => kind !== 'code')
  const allCodes = marks.filter(({ kind }) => kind === 'code').map(({ value }) => value)
  const items = all.slice(0, maxItems)
  const codes = allCodes.slice(0, maxCodes)
  const left = all.length - items.length + (allCodes.length - codes.length)
  const content = [app, page, ...items.map(({ kind, value }) => `${kind} ${value}`), ...codes]
  const id = digestOf(content.sort().join('\n')).replace(/[-_]/g, '0').slice(0, 8).toLowerCase()
  return withSentence(app, { id, severity, at: now, lastAt: now, page, items, codes, left, why: '', ...seenBy })
}

export function seenByMore(
  app: string,
  finding: Finding,
  seenBy: SeenBy & Pick<Finding, 'page'>,
  now: number
): Finding {
  const { isByStranger, onlySeenBy, ...rest } = finding
  return withSentence(app, { ...rest, lastAt: now, ...seenBy })
}

/** Whoever asks for a path that answers proves as much as anybody. */
export function doubtOf({ isByStranger, onlySeenBy }: SeenBy): string | undefined {
  return isByStranger === true ? undefined : onlySeenBy
}

function withSentence(app: string, finding: Finding): Finding {
  const { page, items, codes, left } = finding
  return { ...finding, why: sentenceOf(app, page, items, codes.length, left) + seenInWords(doubtOf(finding)) }
}

/** What an approval makes known. */
export function marksOf({ items, codes }: Pick<Finding, 'items' | 'codes'>): Mark[] {
  return [...items, ...codes.map((value): Mark => ({ kind: 'code', value }))]
}
