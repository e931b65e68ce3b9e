/** The catalogue of refusals: code, status and sentence. A code never changes, because programs and operators match on it. */

/** Who has to act: the gate's operators, the app's, or the person. */
export type Whose = 'gate' | 'app' | 'you'

interface Entry {
  readonly status: number
  readonly whose: Whose
  readonly sentence: string
}

const catalogue = {
  bad_request: { status: 400, whose: 'you', sentence: 'The request could not be read.' },
  ambiguous_target: { status: 400, whose: 'you', sentence: 'The address can be read in more than one way.' },
  sign_in_required: { status: 401, whose: 'you', sentence: 'Sign in first.' },
  second_factor_required: { status: 401, whose: 'you', sentence: 'Confirm with your second factor first.' },
  fresh_proof_required: {
    status: 401,
    whose: 'you',
    sentence: 'Confirm again: the last confirmation is too long ago.'
  },
  other_factor_required: { status: 401, whose: 'you', sentence: 'Confirm with another second factor.' },
  wrong_credentials: { status: 401, whose: 'you', sentence: 'Name and password do not match.' },
  wrong_code: { status: 401, whose: 'you', sentence: 'That did not work.' },
  not_allowed: { status: 403, whose: 'you', sentence: 'You may not open this.' },
  foreign_origin: { status: 403, whose: 'you', sentence: 'The request came from another site.' },
  form_expired: { status: 403, whose: 'you', sentence: 'The form is too old. Send it again.' },
  cookies_off: { status: 403, whose: 'you', sentence: 'Cookies are switched off, so nobody can stay signed in.' },
  enrolment_not_allowed: {
    status: 403,
    whose: 'you',
    sentence: 'Adding a factor needs an invitation or a fresh confirmation.'
  },
  last_factor: { status: 403, whose: 'you', sentence: 'The last factor cannot be removed.' },
  account_suspended: { status: 403, whose: 'you', sentence: 'This account is suspended.' },
  not_found: { status: 404, whose: 'you', sentence: 'There is no such page.' },
  no_such_app: { status: 404, whose: 'gate', sentence: 'There is no such app here.' },
  method_not_allowed: { status: 405, whose: 'you', sentence: 'This page does not take that method.' },
  body_too_slow: { status: 408, whose: 'you', sentence: 'The form took too long to arrive.' },
  invitation_invalid: { status: 410, whose: 'you', sentence: 'This invitation was used or has expired.' },
  body_too_large: { status: 413, whose: 'you', sentence: 'That is more than this page takes.' },
  unsupported_media_type: { status: 415, whose: 'you', sentence: 'This page does not take that kind of content.' },
  misdirected: { status: 421, whose: 'gate', sentence: 'This gate does not serve that host.' },
  upgrade_refused: { status: 400, whose: 'you', sentence: 'Only WebSocket upgrades are passed on.' },
  too_many_attempts: { status: 429, whose: 'you', sentence: 'Too many tries. Wait a little.' },
  headers_too_large: { status: 431, whose: 'you', sentence: 'The request carries too many or too long headers.' },
  internal: { status: 500, whose: 'gate', sentence: 'The gate made a mistake.' },
  app_unreachable: { status: 502, whose: 'app', sentence: 'The app is not answering.' },
  app_reply_invalid: { status: 502, whose: 'app', sentence: 'The app gave an answer that cannot be passed on.' },
  store_unreachable: { status: 503, whose: 'gate', sentence: 'The gate cannot reach its store.' },
  record_too_new: {
    status: 503,
    whose: 'gate',
    sentence: 'A newer release of the gate has written what this one would have to read.'
  },
  not_confirmed: {
    status: 503,
    whose: 'gate',
    sentence: 'It is done, but the gate’s store does not confirm yet that it stays so. Do it again in a moment.'
  },
  app_busy: { status: 503, whose: 'app', sentence: 'The app has more requests under way than it can take.' },
  app_maintenance: { status: 503, whose: 'app', sentence: 'The app is being maintained.' },
  journal_unwritable: { status: 503, whose: 'gate', sentence: 'The gate cannot write its journal.' },
  busy: { status: 503, whose: 'gate', sentence: 'Too many people are signing in at once.' },
  shutting_down: { status: 503, whose: 'gate', sentence: 'The gate is restarting.' },
  app_timeout: { status: 504, whose: 'app', sentence: 'The app took too long to answer.' }
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof catalogue

export const errorCodes = Object.keys(catalogue) as ErrorCode[]

/** The status of a code, who has to act, and a sentence without details of the cause. */
export function describeError(code: ErrorCode): Entry {
  return catalogue[code]
}

/** A refusal, to be thrown. `cause` goes only to the log. */
export class GateError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly whose: Whose
  /** The value of `Retry-After`. */
  readonly retryAfterSeconds: number | undefined
  /** The address of the page's link to continue. The thrower must have validated it. */
  readonly continueUrl: string | undefined

  constructor(code: ErrorCode, options: { cause?: unknown; retryAfterSeconds?: number; continueUrl?: string } = {}) {
    super(catalogue[code].sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GateError'
    this.code = code
    this.status = catalogue[code].status
    this.whose = catalogue[code].whose
    this.retryAfterSeconds = options.retryAfterSeconds
    this.continueUrl = options.continueUrl
  }
}
