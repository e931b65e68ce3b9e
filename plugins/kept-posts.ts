/** Keeps a POST that may not pass yet: reads its body, seals it in the store, and gives the browser the cookie that opens it. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AppMatch, ChallengeAccess } from '../src/apps/authorize.ts'
import { ownPrefix, type Site } from '../src/apps/route-table.ts'
import type { AuditSink } from '../src/audit/event.ts'
import { pathForRecord } from '../src/audit/path-for-record.ts'
import type { Clock } from '../src/clock.ts'
import { type BodyAllowance, BodyBudget } from '../src/kept/body-budget.ts'
import { type BodyType, bodyTypeOf } from '../src/kept/content.ts'
import { holdsSecret, isForeign, keptHeaders, senderOf } from '../src/kept/keepable.ts'
import {
  isUnseen,
  type KeptOutcome,
  type KeptPost,
  type KeptPosts,
  keptSeconds,
  maxUnseen,
  type NewPost
} from '../src/kept/kept-posts.ts'
import { isSiteFrame, wantsPage } from '../src/request/wants-page.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { briefCookie, expiredCookie, keptCookieName, keptIds, readCookie, readOwn } from './cookies.ts'

interface KeepOptions {
  readonly posts: Pick<KeptPosts, 'keep' | 'gone' | 'find' | 'leadOnce' | 'ofUnseen'>
  /** Whose session the cookie opened; null if nobody knows. */
  readonly ownerOf: (token: string) => Promise<string | null>
  readonly audit: AuditSink
  /** Takes events that anonymous clients can cause. */
  readonly strangers: Pick<AuditSink, 'record'>
  readonly clock: Clock
  readonly onOutcome: (outcome: KeptOutcome) => void
}

export interface Held {
  /** The page that waits for the person. */
  readonly url: string
  readonly isScript: boolean
  readonly post: KeptPost
}

export interface KeepPost {
  /** Null if nothing is kept; the caller then refuses the request. */
  keep(
    request: FastifyRequest,
    reply: FastifyReply,
    match: AppMatch,
    asked: Pick<ChallengeAccess, 'reason' | 'returnTo'>
  ): Promise<Held | null>
  /**
   * What a script or a frame of this app and browser has sent, and what waits. Most scripts show nobody the page that their answer names,
   * and many frames are hidden, so whoever opens the app again is led there. `isFirst`: only if they were not led there before.
   */
  waiting(request: FastifyRequest, match: AppMatch, isFirst?: boolean): Promise<Held | null>
}

export function hasKeptCookie({ cookie }: IncomingMessage['headers']): boolean {
  return cookie?.includes('factorgate-kept-') === true
}

/** The longest wait for a body. */
const bodyTimeoutMs = 20_000
/** Cookies that one response expires. */
const maxExpired = 50
/** Longer addresses do not fit into the query of the sign-in page. */
const maxUrlLength = 1000

export function keptPath(id: string): string {
  return `${ownPrefix}/kept/${id}`
}

export class PostKeeper implements KeepPost {
  readonly #options: KeepOptions
  readonly #budget = new BodyBudget()

  constructor(options: KeepOptions) {
    this.#options = options
  }

  async keep(
    request: FastifyRequest,
    reply: FastifyReply,
    match: AppMatch,
    { reason, returnTo }: Pick<ChallengeAccess, 'reason' | 'returnTo'>
  ): Promise<Held | null> {
    const { exchange } = request
    const { app, site } = match
    const again = exchange.resent?.post ?? null
    // It waits already: nothing was taken yet.
    if (again !== null)
      return {
        url: site.origin + keptPath(again.id),
        isScript: again.sender === 'script' || !wantsPage(request.raw),
        post: again
      }
    const terms = app.keepPosts ?? null
    const message = exchange.messageOf(request.raw)
    const sender = terms === null || exchange.hasToken ? null : senderOf(message, app.origin)
    const url = site.origin + exchange.target.raw
    const type = bodyTypeOf(message.headers['content-type'])
    if (terms === null || sender === null || type === null || url.length > maxUrlLength) return null
    const announced = Number(message.headers['content-length'] ?? terms.limit)
    if (!(announced > 0)) return null
    if (announced > terms.limit) return this.#refused()
    let reading: BodyAllowance | null = null
    try {
      const foreign = isForeign(message.headers, app.origin) ? foreignOrigin(message) : null
      const account = exchange.principal?.account.id ?? (await this.#ownerOfCookie(request, site))
      // Nobody knows whose it is. Browsers send no cookie with a form of another site, so its sender is known later.
      if (account === null && (foreign === null || reason !== 'sign_in_required')) return null
      reading = this.#budget.open({ account, address: exchange.client.address }, announced)
      const body = await keepableBody(message, type, terms.limit, reading)
      if (body === null) return this.#refused()
      return await this.#store(request, reply, match, { account, url, sender, foreign, back: returnTo.rd }, body)
    } catch (error) {
      if (error instanceof StoreUnreachable) return null
      throw error
    } finally {
      reading?.end()
    }
  }

  async waiting({ raw, exchange }: FastifyRequest, { app, site }: AppMatch, isFirst = false): Promise<Held | null> {
    const { posts } = this.#options
    const { cookie } = raw.headers
    const account = exchange.principal?.account.id ?? null
    try {
      // Forms of other sites may stand before them in the browser.
      const ids = await posts.ofUnseen(keptIds(cookie, site, maxExpired))
      for (const id of ids.slice(0, maxUnseen)) {
        const post = await posts.find(id, readCookie(cookie, keptCookieName(id, site)))
        if (post === null || !isUnseen(post)) continue
        const isOurs = post.app === app.id && (account ?? post.account) === post.account
        if (isOurs && ((await posts.leadOnce(id)) || !isFirst))
          return { url: site.origin + keptPath(id), isScript: true, post }
      }
    } catch (error) {
      if (!(error instanceof StoreUnreachable)) throw error
    }
    return null
  }

  /** Null if the person, the network or the gate keeps too many already. */
  async #store(
    { raw, exchange }: FastifyRequest,
    reply: FastifyReply,
    match: AppMatch,
    about: Pick<NewPost, 'account' | 'url' | 'sender' | 'foreign' | 'back'>,
    body: Buffer
  ): Promise<Held | null> {
    const { posts, onOutcome } = this.#options
    const { app, site } = match
    const message = exchange.messageOf(raw)
    const kept = await posts.keep(
      {
        ...about,
        ...(about.sender === 'page' && about.foreign === null && isSiteFrame(message) ? { isFramed: true } : {}),
        app: app.id,
        method: message.method as string,
        headers: keptHeaders(message.rawHeaders),
        reference: exchange.id,
        address: exchange.client.address
      },
      body
    )
    const outcome = kept === null ? 'too_many' : 'kept'
    onOutcome(outcome)
    this.#record(exchange, match, {
      ...(about.account === null ? {} : { account: about.account }),
      bytes: body.length,
      outcome,
      ...(about.foreign === null ? {} : { from: about.foreign })
    })
    if (kept === null) return null
    const { id, secret, post } = kept
    reply.header('set-cookie', briefCookie(keptCookieName(id, site), secret, keptSeconds, site))
    // A page that sends again and again must not fill the browser until servers refuse its headers.
    for (const old of await posts.gone(keptIds(raw.headers.cookie, site, maxExpired)))
      reply.header('set-cookie', expiredCookie(keptCookieName(old, site), site))
    return { url: site.origin + keptPath(id), isScript: about.sender === 'script', post }
  }

  #refused(): null {
    this.#options.onOutcome('refused')
    return null
  }

  #ownerOfCookie({ raw }: FastifyRequest, site: Site): Promise<string | null> {
    const token = readOwn(raw.headers.cookie, 'session', site)
    return token === null ? Promise.resolve(null) : this.#options.ownerOf(token)
  }

  #record(
    { target, client, principal, id }: FastifyRequest['exchange'],
    { app }: AppMatch,
    more: { account?: string; bytes: number; outcome: string; from?: string }
  ): void {
    const { audit, strangers, clock } = this.#options
    const event = {
      kind: 'post.keep',
      at: clock(),
      request: id,
      address: client.address,
      app: app.id,
      path: pathForRecord(target.path, target.readings, 256),
      ...more
    } as const
    if (principal === null) strangers.record(event)
    else audit.record({ ...event, name: principal.account.name, session: principal.session.id })
  }
}

/** Null for a body that does not come whole, holds a secret, or had to give its place to another one. */
async function keepableBody(
  message: IncomingMessage,
  type: BodyType,
  limit: number,
  reading: BodyAllowance
): Promise<Buffer | null> {
  const body = await bodyOf(message, limit, reading)
  if (body === null) return null
  // Until the body is in the store, it takes memory that another one may need.
  let isCut = false
  reading.onCut = () => {
    isCut = true
  }
  return (await holdsSecret(body, type, () => isCut)) || isCut ? null : body
}

/** '' if the browser names none. */
function foreignOrigin({ headers }: IncomingMessage): string {
  const { origin = '' } = headers
  return /^https?:\/\/[\x21-\x7e]{1,253}$/.test(origin) ? origin : ''
}

/** Null if the body is longer than `limit` bytes, late, breaks off, or has no room. */
export function bodyOf(message: IncomingMessage, limit: number, reading?: BodyAllowance): Promise<Buffer | null> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    let bytes = 0
    const end = (body: Buffer | null) => {
      clearTimeout(timer)
      message.off('data', onData).off('end', onEnd).off('close', onClose)
      resolve(body)
    }
    const onData = (part: Buffer) => {
      bytes += part.length
      if (bytes > limit || reading?.take(part.length) === false) end(null)
      else parts.push(part)
    }
    // A reset HTTP/2 stream ends its body too.
    const onEnd = () => end(message.complete ? Buffer.concat(parts) : null)
    const onClose = () => end(null)
    const timer = setTimeout(() => end(null), bodyTimeoutMs).unref()
    if (reading !== undefined) reading.onCut = onClose
    message.on('data', onData).on('end', onEnd).on('close', onClose)
    message.on('error', onClose)
  })
}
