/**
 * A form that is pressed twice is answered once (FIELD G6). The browser forgets the answer to its first press and may never store the new token in it,
 * while the code is spent and the old token is dead. So for twenty seconds the same press of the same browser gets the same cookies again.
 * It is no second use of a code: any other body, nonce or token is refused (THREATS M9, W1, W7).
 */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { tokenDigest } from '../../src/ids.ts'
import { type Answer, keptSeconds } from '../../src/session/shared-answers.ts'
import { readOwn } from '../cookies.ts'
import { formPage } from '../form-page.ts'
import { staleForm } from './forms.ts'
import type { PortalOptions } from './options.ts'
import { type AuthenticatedContext, csrfSubject, isSigned, type PageContext } from './page-context.ts'
import { withReturnTo } from './return-to.ts'

/** The answer of a first press that another process took; null where there is none. Asked only after this press was refused. */
export type Elsewhere<Result> = () => Promise<Result | null>

/** What a script is answered. Only a success has `redirect`. */
type ScriptAnswer = { readonly redirect: string } | { readonly error: object }

const mostKept = 1000
/** What means to a script that its press came too late: the first one has changed what this one depends on. */
const lateCodes: readonly string[] = ['sign_in_required', 'form_expired', 'enrolment_not_allowed']

/** Of each portal: what was answered lately, or is being answered. */
const answers = new WeakMap<PortalOptions, Map<string, { at: number; answer: Promise<Answer | null> }>>()

/** Does the work of a form, or answers a repetition of it. Whoever is nobody and repeats nothing signs in first, on the same way. */
export async function answerOnce(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (page: AuthenticatedContext, elsewhere: Elsewhere<FastifyReply>) => Promise<FastifyReply>
): Promise<FastifyReply> {
  const { page } = request
  const { portal } = page
  const form = staleForm(page)
  const press = new Press(page, form.field('csrf'), form.field('code'))
  const repeat = (answer: Answer | null) => {
    if (answer === null) return null
    // No second success, so no 303: one code opens one session once (THREATS M9). The next page knows where the way leads by now.
    giveAgain(reply, answer).header('vary', 'Cookie')
    return reply.redirect(withReturnTo('/.factorgate/challenge', page.trip), 302)
  }
  const repeated = repeat((await press.here()) ?? (isSigned(page) ? null : await press.elsewhere()))
  if (repeated !== null) return repeated
  if (!isSigned(page)) {
    const trip = page.trip.rd === null ? { rd: portal.portalOrigin + formPage(request), state: null } : page.trip
    reply.header('cache-control', 'no-store').header('factorgate-error', 'sign_in_required')
    return reply.redirect(portal.portalOrigin + withReturnTo('/.factorgate/login', trip), 302)
  }
  return press.run(
    () => work(page, async () => repeat(await press.elsewhere())),
    () => (reply.statusCode === 303 && cookiesOf(reply).length > 0 ? { redirect: null } : null)
  )
}

/** The same for the end of a ceremony, which a script sends as JSON. `typed`: all that it sends besides the CSRF token. */
export async function answerScriptOnce(
  page: PageContext,
  csrf: string,
  typed: object,
  work: (elsewhere: Elsewhere<{ redirect: string }>) => Promise<ScriptAnswer>
): Promise<ScriptAnswer> {
  const press = new Press(page, csrf, typed)
  const repeat = (answer: Answer | null) => {
    if (answer?.redirect == null) return null
    // A script takes any 2xx. This one is not 200: one answer to a challenge is one success (THREATS W1).
    giveAgain(page.reply, answer).code(208)
    return { redirect: answer.redirect }
  }
  const known = repeat(await press.here())
  if (known !== null) return known
  const elsewhere = async () => repeat(await press.elsewhere())
  return press.run(
    async () => {
      try {
        return await work(elsewhere)
      } catch (error) {
        const given = error instanceof GateError && lateCodes.includes(error.code) ? await elsewhere() : null
        if (given === null) throw error
        return given
      }
    },
    result => ('redirect' in result && page.reply.statusCode === 200 ? { redirect: result.redirect } : null)
  )
}

/** One press of one form, with what was typed into it, by one browser: its token is made of the nonce and the session's token. */
class Press {
  readonly #page: PageContext
  readonly #csrf: string
  readonly #key: string
  readonly #kept: Map<string, { at: number; answer: Promise<Answer | null> }>
  /** What this press was given instead of an answer of its own. */
  #given: Answer | null = null
  #shared: { keep(answer: Answer): void; drop(): Promise<void> } | null = null

  constructor(page: PageContext, csrf: string, typed: unknown) {
    this.#page = page
    this.#csrf = csrf
    const parts = [page.nonce ?? '', page.request.exchange.target.raw, csrf, typed]
    this.#key = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
    this.#kept = answers.get(page.portal) ?? new Map()
    answers.set(page.portal, this.#kept)
  }

  /** The answer of this process to the first press. Waits for one that is under way. */
  async here(): Promise<Answer | null> {
    const { nonce, now } = this.#page
    const known = nonce === null ? undefined : this.#kept.get(this.#key)
    return this.#fit(known !== undefined && now - known.at < keptSeconds * 1000 ? await known.answer : null)
  }

  /** The answer of another process. A press that is no form of ours looks for none. */
  async elsewhere(): Promise<Answer | null> {
    const { sharedAnswers } = this.#page.portal
    if (sharedAnswers == null || !this.#isOurs()) return null
    // Two presses that were both refused must not wait for each other.
    await this.#shared?.drop()
    this.#given = this.#fit(await sharedAnswers.find(this.#key))
    return this.#given
  }

  /** Does the work while other presses wait for its answer. `success`: what to keep of the result besides the cookies. */
  async run<Result>(
    work: () => Promise<Result>,
    success: (result: Result) => Pick<Answer, 'redirect'> | null
  ): Promise<Result> {
    const { now, portal, principal, reply } = this.#page
    let tell: (answer: Answer | null) => void = () => {}
    const answer = new Promise<Answer | null>(resolve => {
      tell = resolve
    })
    for (const [old, { at }] of this.#kept)
      if (now - at >= keptSeconds * 1000 || this.#kept.size > mostKept) this.#kept.delete(old)
    this.#kept.set(this.#key, { at: now, answer })
    this.#shared = this.#isOurs() ? (portal.sharedAnswers?.begin(this.#key) ?? null) : null
    let made: Answer | null = null
    try {
      const result = await work()
      const kept = this.#given === null ? success(result) : null
      const before = principal?.csrfKey ?? this.#sentDigest()
      if (kept !== null) made = { ...kept, cookies: cookiesOf(reply), tokens: [before, this.#newDigest() ?? before] }
      return result
    } finally {
      if (made === null) {
        this.#kept.delete(this.#key)
        void this.#shared?.drop()
      } else this.#shared?.keep(made)
      tell(made ?? this.#given)
    }
  }

  /** The answer, where this browser holds the token of the first press, or the one that came of it. */
  #fit(answer: Answer | null): Answer | null {
    const held = this.#page.principal?.csrfKey ?? this.#sentDigest()
    return answer?.tokens.includes(held) ? answer : null
  }

  /** True where the form was made for this nonce and the token that came along, be it dead, or for nobody yet; whoever is signed in counts too. */
  #isOurs(): boolean {
    const { nonce, principal, portal } = this.#page
    if (nonce === null || principal !== null) return nonce !== null
    const sent = this.#sentDigest()
    const [own = ''] = this.#csrf.split('.')
    const subjects = [csrfSubject({ nonce, principal }), ...(sent === null ? [] : [`${nonce}.${sent}`])]
    return own !== '' && subjects.some(subject => portal.keyring().verifyMac('csrf', subject, own))
  }

  #sentDigest(): string | null {
    const sent = readOwn(this.#page.request.raw.headers.cookie, 'session', this.#page.site)
    return sent === null ? null : tokenDigest(sent)
  }

  /** Of the token that the answer gives; null where it gives none. */
  #newDigest(): string | null {
    const pairs = cookiesOf(this.#page.reply).map(line => line.split(';', 1)[0])
    const token = readOwn(pairs.join('; '), 'session', this.#page.site)
    return token === null ? null : tokenDigest(token)
  }
}

function cookiesOf(reply: FastifyReply): string[] {
  return [reply.getHeader('set-cookie') ?? []].flat().map(String)
}

function giveAgain(reply: FastifyReply, { cookies }: Answer): FastifyReply {
  for (const cookie of cookies) reply.header('set-cookie', cookie)
  return reply.header('cache-control', 'no-store')
}
