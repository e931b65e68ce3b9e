/**
 * The step `resend`: puts a kept POST in the place of the form that sends it on. The form comes from the page of the kept POST
 * (plugins/portal/kept.tsx) and proves that the page was made for this person.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppMatch } from '../src/apps/authorize.ts'
import type { AuditSink } from '../src/audit/event.ts'
import { pathForRecord } from '../src/audit/path-for-record.ts'
import type { Clock } from '../src/clock.ts'
import { GateError } from '../src/errors.ts'
import { isId } from '../src/ids.ts'
import { isForeign, keptHeaders } from '../src/kept/keepable.ts'
import type { KeptOutcome, KeptPost, KeptPosts } from '../src/kept/kept-posts.ts'
import { ResentMessage } from '../src/kept/resent-message.ts'
import type { Keyring } from '../src/keyring/keyring.ts'
import { wantsPage } from '../src/request/wants-page.ts'
import { keptCookieName, readCookie } from './cookies.ts'
import { errorBody } from './error-body.ts'
import { bodyOf, hasKeptCookie, keptPath } from './kept-posts.ts'
import { isRightMac, resendField } from './resend-form.ts'

interface Keeping {
  readonly posts: Pick<KeptPosts, 'open' | 'take' | 'putBack' | 'forget'>
  readonly keyring: () => Keyring
  readonly audit: AuditSink
  readonly clock: Clock
  readonly onOutcome: (outcome: KeptOutcome) => void
}

export interface ResendOptions {
  /** Null if no app keeps POSTs. */
  readonly kept: Keeping | null
}

const maxBytes = 256
/** The pause between two tries while the store is away, in milliseconds. */
const putBackMs = 1000

export const resendPlugin = fp<ResendOptions>(
  async (app, { kept }) => {
    if (kept === null) return
    const { posts, audit, clock, onOutcome } = kept
    app.addHook('onRequest', (request, reply, done) => {
      const { raw, exchange } = request
      const { match } = exchange
      if (raw.method !== 'POST' || match.kind !== 'app' || match.app.keepPosts == null || !isOurs(raw)) return done()
      resend(kept, request, reply, match).then(isAnswered => isAnswered || done(), done)
    })

    // Every step has permitted the request now. A request that is stopped earlier leaves its POST in the store.
    app.addHook('preHandler', (request, _reply, done) => {
      const post = request.exchange?.resent?.post ?? null
      if (post === null) return done()
      posts.take(post, request.exchange.id).then(
        isMine => {
          if (!isMine) return done(new GateError('kept_gone'))
          audit.record(sendEvent(request, post, clock()))
          onOutcome('sent')
          done()
        },
        error => {
          // Nobody knows whether it was taken. If so, nobody else can send it.
          putBackLater(kept, post, request.exchange.id)
          done(error)
        }
      )
    })
  },
  { name: 'resend', dependencies: ['session'] }
)

/** True if it has answered. */
async function resend(
  kept: Keeping,
  request: FastifyRequest,
  reply: FastifyReply,
  { app, site }: AppMatch
): Promise<boolean> {
  const { posts, keyring, onOutcome } = kept
  const { raw, exchange } = request
  const body = await bodyOf(raw, maxBytes)
  if (body === null) throw new GateError('bad_request')
  const value = valueIn(body)
  if (value === null) {
    // Another form. Its body was read, so the app gets it from here.
    const message = new ResentMessage(raw, 'POST', keptHeaders(raw.rawHeaders), body).asMessage()
    exchange.resent = { message, post: null, end: nothing }
    return false
  }
  const [id = '', mac = ''] = value.split('.')
  if (!isId(id) || isForeign(raw.headers, app.origin)) throw new GateError('foreign_origin')
  const { principal, storeFailure } = exchange
  if (storeFailure !== null) throw storeFailure
  if (principal === null || !isRightMac(keyring(), id, principal.csrfKey, mac)) {
    askAgain(request, reply, site.origin + keptPath(id))
    return true
  }
  const secret = readCookie(raw.headers.cookie, keptCookieName(id, site))
  const opened = await posts.open(id, secret, principal.account.id)
  if (opened === null) {
    onOutcome('gone')
    throw new GateError('kept_gone')
  }
  const { post } = opened
  if (post.app !== app.id || post.url !== site.origin + exchange.target.raw) throw new GateError('kept_gone')
  exchange.resent = {
    message: new ResentMessage(raw, post.method, post.headers, opened.body).asMessage(),
    post,
    end: isSent => settle(kept, post, exchange.id, isSent, site.origin)
  }
  exchange.notes = { ...exchange.notes, kept: post.reference }
  return false
}

/** Returns the address of its page if the POST goes on waiting. */
async function settle(
  kept: Keeping,
  post: KeptPost,
  by: string,
  isSent: boolean,
  origin: string
): Promise<string | undefined> {
  const { posts, onOutcome } = kept
  const page = origin + keptPath(post.id)
  try {
    if (isSent) await posts.forget(post)
    else if (await posts.putBack(post, by)) {
      onOutcome('returned')
      return page
    }
  } catch {
    // The store is away. What a person has written waits again when it is back.
    if (isSent) return undefined
    putBackLater(kept, post, by)
    return page
  }
  return undefined
}

function putBackLater(kept: Keeping, post: KeptPost, by: string): void {
  const { posts, clock, onOutcome } = kept
  const timer = setTimeout(() => {
    posts.putBack(post, by).then(
      isBack => isBack && onOutcome('returned'),
      () => post.until > clock() && putBackLater(kept, post, by)
    )
  }, putBackMs)
  timer.unref()
}

function sendEvent({ exchange }: FastifyRequest, { reference, bytes }: KeptPost, now: number) {
  const { principal, client, match, target, id } = exchange
  return {
    kind: 'post.send',
    at: now,
    request: id,
    account: principal?.account.id,
    name: principal?.account.name,
    session: principal?.session.id,
    address: client.address,
    app: match.kind === 'app' ? match.app.id : '',
    path: pathForRecord(target.path, target.readings, 256),
    kept: reference,
    bytes
  } as const
}

/** The sign-in has changed meanwhile. The page asks for what is missing. A script could not tell the redirect from one of the app. */
function askAgain({ raw }: FastifyRequest, reply: FastifyReply, url: string): void {
  reply.header('cache-control', 'no-store').header('vary', 'Cookie').header('factorgate-error', 'sign_in_required')
  if (wantsPage(raw)) reply.redirect(url, 303)
  else reply.code(401).send(errorBody('sign_in_required', url, null, url))
}

function isOurs({ headers }: IncomingMessage): boolean {
  return (
    headers['content-type'] === 'text/plain' && Number(headers['content-length']) <= maxBytes && hasKeptCookie(headers)
  )
}

/** Null for another form. */
function valueIn(body: Buffer): string | null {
  const [, name, value = ''] = /^([\w-]+)=([\w.-]+)\r?\n?$/.exec(body.toString('latin1')) ?? []
  return name === resendField ? value : null
}

async function nothing(): Promise<undefined> {}
