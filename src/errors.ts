/**
 * The catalogue of refusals. `sentence` is for programs; the portal's messages are for people. A code never changes, because programs and operators match on
 * it.
 */
import type { Words } from './reasons/reason.ts'

/** Who has to act. */
type Whose = 'gate' | 'app' | 'you'

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
    sentence: 'Confirm again. The last confirmation is too old.'
  },
  budget_proof_required: {
    status: 401,
    whose: 'you',
    sentence: 'A lot has been fetched or sent. Confirm that it is you before more may follow.'
  },
  unusual_proof_required: {
    status: 401,
    whose: 'you',
    sentence: 'Something here is unusual for you. Confirm that it is you before more may follow.'
  },
  device_required: {
    status: 401,
    whose: 'you',
    sentence: 'Only a browser that binds its sign-in to this device may open this.'
  },
  device_proof_required: {
    status: 401,
    whose: 'you',
    sentence: 'The sign-in is bound to a device, and this browser did not show its key. Sign in again.'
  },
  other_factor_required: { status: 401, whose: 'you', sentence: 'Confirm with another second factor.' },
  token_invalid: {
    status: 401,
    whose: 'you',
    sentence: 'This token is wrong, was revoked or has ended.'
  },
  wrong_credentials: { status: 401, whose: 'you', sentence: 'User name and password do not match.' },
  wrong_code: { status: 401, whose: 'you', sentence: 'The second factor did not work. Try again.' },
  not_allowed: { status: 403, whose: 'you', sentence: 'You may not open this.' },
  token_not_allowed: { status: 403, whose: 'you', sentence: 'This token may not do that.' },
  token_spent: { status: 403, whose: 'you', sentence: 'This token has fetched as much as it may.' },
  upstream_login_required: {
    status: 403,
    whose: 'you',
    sentence: 'This app needs the user name and password that you have there. Enter them on the page of the gate first.'
  },
  upstream_login_refused: {
    status: 403,
    whose: 'you',
    sentence: 'This app refused the user name and password that the gate keeps for you. Enter them again.'
  },
  lockdown: { status: 403, whose: 'gate', sentence: 'This app is closed to most people for now.' },
  foreign_origin: { status: 403, whose: 'you', sentence: 'The request came from another site.' },
  form_expired: { status: 403, whose: 'you', sentence: 'The form is too old. Send it again.' },
  cookies_off: { status: 403, whose: 'you', sentence: 'The browser did not send the cookie back. Allow cookies.' },
  enrolment_not_allowed: {
    status: 403,
    whose: 'you',
    sentence: 'To add a factor, use an invitation or confirm again first.'
  },
  authenticator_not_allowed: {
    status: 403,
    whose: 'you',
    sentence: 'This passkey or security key is not accepted here.'
  },
  last_factor: { status: 403, whose: 'you', sentence: 'The last factor cannot be removed.' },
  institution_refused: { status: 403, whose: 'you', sentence: 'Your institution did not sign you in.' },
  institution_answer_invalid: {
    status: 403,
    whose: 'gate',
    sentence: 'The answer of the institution is not valid.'
  },
  institution_name_invalid: {
    status: 403,
    whose: 'gate',
    sentence: 'Your user name at the institution is not allowed here.'
  },
  institution_name_taken: {
    status: 403,
    whose: 'gate',
    sentence: 'Another person has your user name here already.'
  },
  institution_first: { status: 403, whose: 'you', sentence: 'Sign in at your institution first.' },
  institution_gone: {
    status: 403,
    whose: 'you',
    sentence: 'Your institution has removed or locked your account.'
  },
  institution_login_expired: {
    status: 403,
    whose: 'you',
    sentence: 'That sign-in took too long or began in another browser.'
  },
  account_suspended: { status: 403, whose: 'you', sentence: 'This account is suspended.' },
  not_found: { status: 404, whose: 'you', sentence: 'There is no such page.' },
  no_such_app: { status: 404, whose: 'gate', sentence: 'There is no such app here.' },
  method_not_allowed: { status: 405, whose: 'you', sentence: 'This page does not accept that method.' },
  body_too_slow: { status: 408, whose: 'you', sentence: 'The form took too long to arrive.' },
  kept_gone: { status: 410, whose: 'you', sentence: 'Nothing waits here to be sent.' },
  invitation_invalid: { status: 410, whose: 'you', sentence: 'This invitation was used or has expired.' },
  body_too_large: { status: 413, whose: 'you', sentence: 'The body is larger than this page accepts.' },
  unsupported_media_type: { status: 415, whose: 'you', sentence: 'This page does not accept that kind of content.' },
  misdirected: { status: 421, whose: 'gate', sentence: 'This gate does not serve that host.' },
  upgrade_refused: { status: 400, whose: 'you', sentence: 'The gate passes on WebSocket upgrades only.' },
  budget_spent: {
    status: 429,
    whose: 'you',
    sentence: 'As much has been fetched or sent as is allowed for now.'
  },
  too_many_attempts: { status: 429, whose: 'you', sentence: 'There were too many tries. Wait a little.' },
  headers_too_large: { status: 431, whose: 'you', sentence: 'The request has too many headers, or they are too long.' },
  internal: { status: 500, whose: 'gate', sentence: 'The gate made a mistake.' },
  app_unreachable: { status: 502, whose: 'app', sentence: 'The app is not answering.' },
  app_reply_invalid: { status: 502, whose: 'app', sentence: 'The app gave an answer that the gate cannot pass on.' },
  institution_unreachable: {
    status: 503,
    whose: 'gate',
    sentence: 'The institution’s sign-in service is not answering.'
  },
  store_unreachable: { status: 503, whose: 'gate', sentence: 'The gate cannot reach its store.' },
  record_too_new: {
    status: 503,
    whose: 'gate',
    sentence: 'A newer release of the gate wrote this data, and this release cannot read it.'
  },
  not_confirmed: {
    status: 503,
    whose: 'gate',
    sentence: 'It is done, but no replica of the store has confirmed it yet. Do it again in a few seconds.'
  },
  app_busy: { status: 503, whose: 'app', sentence: 'The app has more requests than it can handle at once.' },
  app_maintenance: { status: 503, whose: 'app', sentence: 'The app is being maintained.' },
  journal_unwritable: { status: 503, whose: 'gate', sentence: 'The gate cannot write its journal.' },
  busy: { status: 503, whose: 'gate', sentence: 'Too many people are signing in at once.' },
  shutting_down: { status: 503, whose: 'gate', sentence: 'The gate is restarting.' },
  app_timeout: { status: 504, whose: 'app', sentence: 'The app took too long to answer.' }
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof catalogue

/** A page shows its form again, or says itself why it does not go on. */
export const notAccepted = 'not_accepted'

export const errorCodes = Object.keys(catalogue) as ErrorCode[]

export function describeError(code: ErrorCode): Entry {
  return catalogue[code]
}

/** `cause` goes only to the log. */
export class GateError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly whose: Whose
  readonly retryAfterSeconds: number | undefined
  /** The page's link, validated by the thrower. */
  readonly continueUrl: string | undefined
  /** For the page, not for programs. */
  readonly words: readonly Words[] | undefined

  constructor(
    code: ErrorCode,
    options: { cause?: unknown; retryAfterSeconds?: number; continueUrl?: string; words?: readonly Words[] } = {}
  ) {
    super(catalogue[code].sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GateError'
    this.code = code
    this.status = catalogue[code].status
    this.whose = catalogue[code].whose
    this.retryAfterSeconds = options.retryAfterSeconds
    this.continueUrl = options.continueUrl
    this.words = options.words
  }
}
