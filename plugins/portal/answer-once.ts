/**
 * Repeats the answer to a form that was sent twice (FIELD G6). The browser drops the first answer with its new token, while the code is
 * spent and the old token is dead. So for twenty seconds the same press of the same browser gets the same cookies. Another body, nonce or
 * token is refused (THREATS M9, W1, W7).
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

/** Another process's answer to the first press, or null. It is asked after a refusal. */
export type Elsewhere<Result> = () => Promise<Result | null>

type ScriptAnswer = { readonly redirect: string } | { readonly error: object }

const maxKept = 1000
/** Errors after a successful first press. */
const lateCodes: readonly string[] = ['sign_in_required', 'form_expired', 'enrolment_not_allowed']

const answers = new WeakMap<PortalOptions, Map<string, { at: number; answer: Promise<Answer | null> }>>()

/** Without a session and an answer to repeat, the person is sent to the sign-in. */
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
    // Not 303, since one code opens one session once (THREATS M9).
    giveAgain(reply, answer).header('vary', 'Cookie')
    return reply.redirect(withReturnTo('/.factorgate/challenge', page.returnTo), 302)
  }
  const repeated = repeat((await press.here()) ?? (isSigned(page) ? null : await press.elsewhere()))
  if (repeated !== null) return repeated
  if (!isSigned(page)) {
    const returnTo =
      page.returnTo.rd === null ? { rd: portal.portalOrigin + formPage(request), state: null } : page.returnTo
    reply.header('cache-control', 'no-store').header('factorgate-error', 'sign_in_required')
    return reply.redirect(portal.portalOrigin + withReturnTo('/.factorgate/login', returnTo), 302)
  }
  return press.run(
    () => work(page, async () => repeat(await press.elsewhere())),
    () => (reply.statusCode === 303 && cookiesOf(reply).length > 0 ? { redirect: null } : null)
  )
}

/** For a ceremony, as JSON. `typed`: all that the script sends except the CSRF token. */
export async function answerScriptOnce(
  page: PageContext,
  csrf: string,
  typed: object,
  work: (elsewhere: Elsewhere<{ redirect: string }>) => Promise<ScriptAnswer>
): Promise<ScriptAnswer> {
  const press = new Press(page, csrf, typed)
  const repeat = (answer: Answer | null) => {
    if (answer?.redirect == null) return null
    // Not 200, since one answer to a challenge is one success (THREATS W1). A script accepts any 2xx.
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

class Press {
  readonly #page: PageContext
  readonly #csrf: string
  readonly #key: string
  readonly #kept: Map<string, { at: number; answer: Promise<Answer | null> }>
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

  /** Waits for a pending answer. */
  async here(): Promise<Answer | null> {
    const { nonce, now } = this.#page
    const known = nonce === null ? undefined : this.#kept.get(this.#key)
    return this.#fit(known !== undefined && now - known.at < keptSeconds * 1000 ? await known.answer : null)
  }

  /** Null for a form that is not the gate's. */
  async elsewhere(): Promise<Answer | null> {
    const { sharedAnswers } = this.#page.portal
    if (sharedAnswers == null || !this.#isOurs()) return null
    // Two refused presses must not wait for each other.
    await this.#shared?.drop()
    this.#given = this.#fit(await sharedAnswers.find(this.#key))
    return this.#given
  }

  /** Other presses wait for the answer. `success` returns the part of the result to keep beside the cookies. */
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
      if (now - at >= keptSeconds * 1000 || this.#kept.size > maxKept) this.#kept.delete(old)
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

  /** Null unless this browser holds the token from before or after the first press. */
  #fit(answer: Answer | null): Answer | null {
    const held = this.#page.principal?.csrfKey ?? this.#sentDigest()
    return answer?.tokens.includes(held) ? answer : null
  }

  /** A signed-in person, or a form with this browser's nonce and its token, even a dead one, or none. */
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
