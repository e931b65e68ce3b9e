/** What the page of a refusal knows of the request. */
import type { Maintenance } from '../../src/apps/route-table.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { inList, inWords } from '../../src/reasons/in-words.ts'
import { causesOf, type Words } from '../../src/reasons/reason.ts'
import type { Frame } from './layout.tsx'
import type { Messages } from './messages/messages.ts'
import type { Branding } from './options.ts'
import { formatDuration, zonedTime } from './relative-time.ts'

interface ErrorFacts {
  /** The title, or "the app". */
  readonly app: string
  /** "25 seconds"; empty if unknown. */
  readonly wait: string
  /** The end of the maintenance; empty if unknown. */
  readonly until: string
  /** The reason of a suspension. */
  readonly why: string
}

/** The reasons for a list; none if there is one at most. */
export function reasonsOf({ words }: ErrorContext, say: Messages): readonly string[] {
  return words === undefined ? [] : inList(causesOf(words), say.language)
}

export interface ErrorContext extends Branding {
  /** `exchange.id`, as in the journal. */
  readonly reference: string
  /** `https://gate.lab.example` */
  readonly portalOrigin: string
  readonly appTitle?: string | null | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly maintenance?: Maintenance | null | undefined
  readonly now?: number
  /** Path and query; null if a repetition might act twice. */
  readonly again?: string | null | undefined
  /** Words of an operator or the watch. */
  readonly words?: readonly Words[] | undefined
  /** The link with which the person can still send a stopped form. */
  readonly unsent?: { readonly href: string; readonly isForeign: boolean } | null | undefined
  readonly address?: string | null | undefined
  /** The path of the app's front page. */
  readonly front?: string | null | undefined
  readonly query?: string | undefined
  /** Default: the page of sign-ins, with `query`. */
  readonly signIn?: string | undefined
  readonly person?: Frame['person'] | undefined
  /** See `Frame.back`. */
  readonly back?: string | undefined
  /** See `Frame.standsAlone`. */
  readonly standsAlone?: boolean | undefined
  /** English by default. */
  readonly say?: Messages | undefined
}

export function factsOf(context: ErrorContext, say: Messages): ErrorFacts {
  const { retryAfterSeconds, maintenance } = context
  const until = maintenance?.until ?? null
  return {
    app: context.appTitle ?? say.error.app,
    wait: retryAfterSeconds === undefined ? '' : formatDuration(retryAfterSeconds, say),
    why: context.words === undefined ? '' : inWords(causesOf(context.words), say.language),
    until: until === null ? '' : until.at === null ? until.text : zonedTime(until, say)
  }
}

/** Why a form did not reach its app: each reason has its sentence and button. */
export function whyUnsent(code: ErrorCode, isForeign: boolean): 'foreign' | 'signIn' | 'confirm' | 'login' {
  if (isForeign) return 'foreign'
  if (asksForLogin(code)) return 'login'
  return code === 'sign_in_required' ? 'signIn' : 'confirm'
}

/** The person can go on with a user name and password of the app. */
export function asksForLogin(code: ErrorCode): boolean {
  return code === 'upstream_login_required' || code === 'upstream_login_refused'
}
