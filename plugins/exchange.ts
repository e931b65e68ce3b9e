/**
 * The exchange: the pipeline's knowledge of a request, filled in by each step. Reading a value before its step throws, otherwise a wrong
 * order of steps could skip a check.
 */
import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import type { App, Match } from '../src/apps/route-table.ts'
import type { AuditEvent } from '../src/audit/event.ts'
import type { Binding } from '../src/device/binding.ts'
import type { KeptPost } from '../src/kept/kept-posts.ts'
import type { Decision } from '../src/policy/decision.ts'
import type { Program, TokenFailure } from '../src/programs/program.ts'
import type { Client } from '../src/request/client.ts'
import { parseTarget, type Target } from '../src/request/target.ts'
import type { Principal } from '../src/session/sessions.ts'
import type { StoreUnreachable } from '../src/store/store.ts'
import type { RequestTrace } from '../src/traces/request-trace.ts'
import type { UpstreamLogin } from '../src/upstream-login/upstream-login.ts'

/** `fresh`: a factor of the gate within the last five minutes; `fresh-anywhere`: also one of the person's institution. `console`: see `authorizeConsole`. */
export type Requires = 'anyone' | 'first-factor' | 'signed-in' | 'fresh' | 'fresh-anywhere' | 'console'

/** A snapshot of an exchange; the values of later steps are undefined. */
interface Known {
  readonly target: Target | undefined
  readonly client: Client | undefined
  readonly match: Match | undefined
  readonly principal: Principal | null | undefined
  readonly program: Program | null
  readonly decision: Decision | undefined
}

interface Resent {
  readonly message: IncomingMessage
  readonly post: KeptPost | null
  /** Called once the app has the kept POST, or certainly has not. Then it waits again, and this resolves to the address of its page. */
  readonly end: (isSent: boolean) => Promise<string | undefined>
}

export class Exchange {
  /** The reference on pages, in logs and in the journal. */
  readonly id: string
  readonly startedAt: number
  /** HTTP's version in the request to the gate: `1.0`, `1.1` or `2`, as ECS and OCSF write it. */
  readonly httpVersion: string
  #target: Target | undefined
  #client: Client | undefined
  #match: Match | undefined
  #principal: Principal | null | undefined
  #decision: Decision | undefined
  /** If the session could not be read. A step that needs the principal must refuse with it. */
  storeFailure: StoreUnreachable | null = null
  /** What the request shows of its sign-in's device key. */
  binding: Binding = 'none'
  /** The owner of a token without its device key. Then `principal` is null, unless a rule that looks at no keys lets them in. */
  stale: Principal | null = null
  /** An offer to bind the token to a device, for the app's response. */
  deviceOffer: string | null = null
  /** The program that asks with a token. Then `principal` is null, so that it opens no page of the gate. */
  program: Program | null = null
  /** Why the presented token counts for nothing. */
  tokenFailure: TokenFailure | null = null
  /** Right or wrong: its sender is a program, and gets no pages. */
  hasToken = false
  /** What the app gets; null for none. */
  upstreamLogin: UpstreamLogin | null = null
  /** Releases requests that wait for the app's answer to the login. */
  endLoginTrial: (() => void) | null = null
  /** The request of forward-auth, which pages name and return to. */
  judged: { readonly app: App; readonly method: string; readonly raw: string } | null = null
  /** `step`: only redirects and the frame page may answer. `page`: made for frames. */
  framed: 'no' | 'step' | 'page' = 'no'
  /** What the rules and the app see in place of a request that sends a kept POST on. `post` is null for a form of the app. */
  resent: Resent | null = null
  isRecorded = false
  /** Null without traces. */
  trace: RequestTrace | null = null
  notes: Partial<AuditEvent> | undefined

  constructor(id: string, startedAt: number, { httpVersion }: Pick<IncomingMessage, 'httpVersion'>) {
    this.id = id
    this.startedAt = startedAt
    this.httpVersion = httpVersion === '2.0' ? '2' : httpVersion
  }

  /** The request as the rules and the app see it. */
  messageOf(raw: IncomingMessage): IncomingMessage {
    return this.resent === null ? raw : this.resent.message
  }

  get target(): Target {
    return this.#target ?? tooEarly('target')
  }

  set target(value: Target) {
    this.#target = value
  }

  get client(): Client {
    return this.#client ?? tooEarly('client')
  }

  set client(value: Client) {
    this.#client = value
  }

  get match(): Match {
    return this.#match ?? tooEarly('match')
  }

  set match(value: Match) {
    this.#match = value
  }

  get principal(): Principal | null {
    return this.#principal === undefined ? tooEarly('principal') : this.#principal
  }

  set principal(value: Principal | null) {
    this.#principal = value
  }

  get decision(): Decision {
    return this.#decision ?? tooEarly('decision')
  }

  set decision(value: Decision) {
    this.#decision = value
  }

  get known(): Known {
    return {
      target: this.#target,
      client: this.#client,
      match: this.#match,
      principal: this.#principal,
      program: this.program,
      decision: this.#decision
    }
  }
}

function tooEarly(stage: string): never {
  throw new Error(`the pipeline read exchange.${stage} before the step that fills it`)
}

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange
  }
  interface FastifyContextConfig {
    requires?: Requires
  }
}

const reading = Symbol('target')
/** The router would itself answer a parameter of more than a hundred characters, before any step. */
const ownPath = /^\/\.factorgate(?:\/[A-Za-z0-9._~-]{1,100})*\/?$/

type Read = IncomingMessage & { [reading]?: Target | null }

/**
 * Fastify's `rewriteUrl`. Pages of the gate are routed by literal path, everything else as `/`, because the router rejects
 * some paths of apps (`/caf%E9`, `//x`).
 */
export function readRequestLine(request: IncomingMessage): string {
  const target = parseTarget(request.url ?? '')
  ;(request as Read)[reading] = target
  if (target === null || !target.path.startsWith('/.factorgate')) return '/'
  if (target.path !== '/.factorgate' && !target.path.startsWith('/.factorgate/')) return '/'
  if (target.path.startsWith('/.factorgate/auth/')) return '/.factorgate/auth/original'
  return ownPath.test(target.path) ? target.path + target.query : '/.factorgate/not-a-page'
}

export function readingOf(request: IncomingMessage): Target | null {
  return (request as Read)[reading] ?? null
}

export const exchangePlugin = fp<{ clock: () => number }>(
  async (app, { clock }) => {
    app.decorateRequest('exchange')
    app.addHook('onRequest', (request, _reply, done) => {
      request.exchange = new Exchange(request.id, clock(), request.raw)
      done()
    })
  },
  { name: 'exchange' }
)
