/**
 * The one request object: what the pipeline knows of a request, filled one line a stage. Owns the only request decorator and the
 * only `declare module`; a stage that reads ahead of its turn throws, otherwise a check could be skipped by moving a line.
 */
import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import type { App, Match } from '../src/apps/route-table.ts'
import type { AuditEvent } from '../src/audit/event.ts'
import type { Decision } from '../src/policy/decision.ts'
import type { Client } from '../src/request/client.ts'
import { parseTarget, type Target } from '../src/request/target.ts'
import type { Principal } from '../src/session/sessions.ts'
import type { StoreUnreachable } from '../src/store/store.ts'

/** What a route of the portal demands of whoever calls it. `fresh`: a second factor at most five minutes ago. */
export type Requires = 'anyone' | 'first-factor' | 'signed-in' | 'fresh'

/** An exchange at any moment of its life: what no stage has filled yet is undefined. */
export interface Known {
  readonly target: Target | undefined
  readonly client: Client | undefined
  readonly match: Match | undefined
  readonly principal: Principal | null | undefined
  readonly decision: Decision | undefined
}

export class Exchange {
  /** The reference that pages show, logs and the journal carry. */
  readonly id: string
  readonly startedAt: number
  #target: Target | undefined
  #client: Client | undefined
  #match: Match | undefined
  #principal: Principal | null | undefined
  #decision: Decision | undefined
  /** Set by the session step where the store could not be asked. Whoever needs a principal then must refuse with it. */
  storeFailure: StoreUnreachable | null = null
  /** The request that a proxy asks about (forward-auth): pages speak of it, and lead back to it. */
  judged: { readonly app: App; readonly method: string; readonly raw: string } | null = null
  /** Inside a frame: a `step` of a way, which nothing but redirects and the page for frames may answer; or a `page` that is made for frames. */
  framed: 'no' | 'step' | 'page' = 'no'
  /** True once the journal has its line. */
  isRecorded = false
  /** What handlers add to that line. */
  notes: Partial<AuditEvent> | undefined

  constructor(id: string, startedAt: number) {
    this.id = id
    this.startedAt = startedAt
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

  /** Who this is, or null for nobody. */
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

  /** What is known so far, for the journal and error pages: never throws. */
  get known(): Known {
    return {
      target: this.#target,
      client: this.#client,
      match: this.#match,
      principal: this.#principal,
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
const ownPath = /^\/\.factorgate(?:\/[A-Za-z0-9._~-]+)*\/?$/

type Read = IncomingMessage & { [reading]?: Target | null }

/**
 * Fastify's `rewriteUrl`: reads the request line, once, and tells the router no more than it must know: our own pages by their
 * literal path, everything else as `/`, since the router refuses paths that legacy apps use (`/caf%E9`, `//x`).
 */
export function readRequestLine(request: IncomingMessage): string {
  const target = parseTarget(request.url ?? '')
  ;(request as Read)[reading] = target
  if (target === null || !target.path.startsWith('/.factorgate')) return '/'
  if (target.path !== '/.factorgate' && !target.path.startsWith('/.factorgate/')) return '/'
  // Envoy appends the path it asks about, however odd.
  if (target.path.startsWith('/.factorgate/auth/')) return '/.factorgate/auth/original'
  return ownPath.test(target.path) ? target.path + target.query : '/.factorgate/not-a-page'
}

/** What `readRequestLine` read; null for a request line that must be refused. */
export function readingOf(request: IncomingMessage): Target | null {
  return (request as Read)[reading] ?? null
}

export const exchangePlugin = fp<{ clock: () => number }>(
  async (app, { clock }) => {
    app.decorateRequest('exchange')
    app.addHook('onRequest', (request, _reply, done) => {
      request.exchange = new Exchange(request.id, clock())
      done()
    })
  },
  { name: 'exchange' }
)
