/**
 * A reason as values, without words: what a part of the watch has found. It stands beside the English sentence in records and notices, so
 * that people read it in their language. A reason unknown to this release, or with other facts, is none: then the sentence is shown.
 */

const deviation = { amount: 'number', usual: 'number', busy: 'number' } as const
/** `''` for every app. `seconds`: of the budget's window. */
const passed = { amount: 'number', app: 'text', seconds: 'number', budget: 'text', limit: 'number' } as const
const decoy = { decoy: 'text', app: 'text' } as const
const target = { target: 'text' } as const
const path = { path: 'text' } as const
const client = { browser: 'text', system: 'text' } as const

/** The facts of each reason. A changed meaning needs another id, since records of older releases have these. */
export const shapes = {
  bytes: deviation,
  objects: deviation,
  newObjects: deviation,
  foreignObjects: deviation,
  changes: deviation,
  deletions: deviation,
  peakWrites: deviation,
  foreignBytes: deviation,
  newAreas: deviation,
  peakBytes: deviation,
  peakObjects: deviation,
  refusals: deviation,
  run: deviation,
  bare: deviation,
  regular: deviation,
  haul: deviation,
  haulRow: { files: 'number', bytes: 'number' },
  lonely: deviation,
  bytesSum: { usual: 'number' },
  foreignBytesSum: { usual: 'number' },
  newObjectsSum: { usual: 'number' },
  foreignObjectsSum: { usual: 'number' },
  bytesRecord: { amount: 'number', most: 'number' },
  objectsRecord: { amount: 'number', most: 'number' },
  repeat: { count: 'number', days: 'number' },
  /** `hour` in UTC. `share`: of 100 days; 0 for fewer than one. `isRest`: 1 for weekends. */
  hours: { hour: 'number', share: 'number', isRest: 'number' },
  led: { objects: 'number', bytes: 'number' },
  /** Why nobody is suspended: without the part of today, or of days before. */
  sparedToday: {},
  sparedBefore: {},
  network: { network: 'text' },
  /** ISO 3166-1 alpha-2. */
  country: { country: 'text' },
  countryMoved: { country: 'text' },
  device: { ...client, app: 'text' },
  changed: client,
  headers: { browser: 'text' },
  headersMoved: { browser: 'text' },
  stopped: {},
  disguised: { browser: 'text' },
  twoPlaces: {},
  travel: { km: 'number', minutes: 'number' },
  programBytes: { program: 'text', amount: 'number', usual: 'number' },
  programsBytes: { amount: 'number', usual: 'number' },
  budgetFetched: passed,
  budgetSent: passed,
  budgetRequests: passed,
  budgetPages: passed,
  budgetUnanswered: {},
  budgetLedBytes: { amount: 'number' },
  budgetLedRequests: { amount: 'number' },
  budgetLedPages: { amount: 'number' },
  budgetSpared: {},
  budgetConfirmable: {},
  /** Whom a budget concerns, for operators. */
  ofAccount: { name: 'text' },
  ofProgram: { program: 'text', name: 'text' },
  ofApp: { app: 'text' },
  ofEveryone: {},
  decoy,
  decoyOfProgram: { ...decoy, program: 'text' },
  decoyHalfWay: decoy,
  decoyPrefetch: decoy,
  decoyOtherSite: decoy,
  decoyEmbedded: decoy,
  decoyUnknownLink: decoy,
  decoyReported: {},
  decoyNothingGiven: {},
  decoySuspended: {},
  decoyRevoked: {},
  decoyEnded: {},
  decoyAsked: {},
  /** What is new in an app, for operators: where, then each thing. */
  appOn: { app: 'text', page: 'text' },
  appForm: target,
  appFormHere: {},
  appPasswordForm: target,
  appPasswordFormHere: {},
  appBase: target,
  appScript: target,
  appNames: target,
  appRedirect: target,
  appRefresh: target,
  appFrame: target,
  appStyle: target,
  appAnswers: path,
  appPosts: path,
  appFile: path,
  appStructure: {},
  appCode: { count: 'number' },
  appMore: { count: 'number' },
  appVisitor: {},
  appVisitors: {},
  appFull: { app: 'text' },
  appFullChange: {},
  appFullAlarm: {},
  appFullProgram: {},
  appFullStranger: {},
  appApprove: {}
} as const satisfies Readonly<Record<string, Shape>>

type Shape = Readonly<Record<string, 'number' | 'text'>>

export type ReasonId = keyof typeof shapes
export type FactsOf<Id extends ReasonId> = {
  readonly [Name in keyof (typeof shapes)[Id]]: (typeof shapes)[Id][Name] extends 'number' ? number : string
}
export type Reason = { [Id in ReasonId]: { readonly id: Id; readonly facts: FactsOf<Id> } }[ReasonId]

/** What somebody, or the watch, has said. The watch's words have their reasons beside them. */
export interface Words {
  readonly why: string
  /** See `reasonsIn`. */
  readonly reasons?: readonly Reason[]
}

export function reason<Id extends ReasonId>(id: Id, facts: FactsOf<Id>): Reason {
  return { id, facts } as Reason
}

/** Characters of JSON, so that a person's record stays small. Longer ones leave only the words. */
const maxReasonsLength = 700
export const maxNoticeReasonsLength = 4000

export function wordsFor({ why, reasons }: Words, most = maxReasonsLength): Words {
  const isKept = reasons !== undefined && reasons.length > 0 && JSON.stringify(reasons).length <= most
  return isKept ? { why, reasons } : { why }
}

/** The causes for readers who know that it is a suspension. */
export function causesOf(all: readonly Words[]): readonly Words[] {
  return all.map(words => {
    const causes = words.reasons?.filter(({ id }) => id !== 'decoySuspended') ?? []
    return causes.length === 0 ? words : { ...words, reasons: causes }
  })
}

/** Null if there are none, or this release does not know one. */
export function reasonsIn(value: unknown): readonly Reason[] | null {
  return Array.isArray(value) && value.length > 0 && value.every(isReason) ? value : null
}

function isReason(value: unknown): value is Reason {
  if (typeof value !== 'object' || value === null) return false
  const { id, facts } = value as { readonly id?: unknown; readonly facts?: unknown }
  if (typeof id !== 'string' || !Object.hasOwn(shapes, id) || typeof facts !== 'object' || facts === null) return false
  return Object.entries(shapes[id as ReasonId] as Shape).every(([name, kind]) => {
    const fact = (facts as Readonly<Record<string, unknown>>)[name]
    return kind === 'number' ? Number.isFinite(fact) : typeof fact === 'string'
  })
}
