/** The observation of an exchange with an app, for budgets and the watch on people. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Match, Site } from '../src/apps/route-table.ts'
import { destinationPath } from '../src/apps/webdav-destination.ts'
import type { Leads } from '../src/metering/led-requests.ts'
import type { ObservedClient, ObservedExchange, ObservedPerson } from '../src/metering/observation.ts'
import type { Principal } from '../src/session/principal.ts'
import type { Exchange } from './exchange.ts'

/** Null for a page of the gate, and for an address of no app. */
export function observedExchange(
  exchange: Exchange,
  { headers, rawHeaders, method }: IncomingMessage,
  isSocket: boolean,
  leads: Leads | null
): ObservedExchange | null {
  const { match, target, client } = exchange.known
  if (match?.kind !== 'app') return null
  const person = personOf(exchange)
  return {
    reference: exchange.id,
    person,
    app: match.app.id,
    method: method as string,
    path: match.path,
    query: target?.query ?? '',
    destination: destinationPath(method as string, headers.destination, match.app),
    address: client?.address ?? '',
    client: new ClientHeaders(headers, rawHeaders),
    isSocket,
    isLed: isLed(leads, headers, match.site, person)
  }
}

/** The observation of a request that a proxy has asked a verdict about. */
export function observedVerdict(
  { id, client: { address } }: Exchange,
  { headers, rawHeaders }: IncomingMessage,
  asked: {
    readonly match: Extract<Match, { readonly kind: 'app' }>
    readonly method: string
    readonly query: string
    readonly principal: Principal | null
    readonly isSocket: boolean
  },
  leads: Leads | null
): ObservedExchange {
  const { match, principal, ...question } = asked
  const { app, path } = match
  const client = new ClientHeaders(headers, rawHeaders)
  const person = ofPrincipal(principal)
  return {
    reference: id,
    person,
    app: app.id,
    path,
    destination: destinationPath(question.method, headers.destination, app),
    address,
    client,
    isLed: isLed(leads, headers, match.site, person),
    ...question
  }
}

/** No browser sends the token of a program. */
function isLed(leads: Leads | null, headers: IncomingHttpHeaders, site: Site, person: ObservedPerson | null): boolean {
  return leads !== null && person !== null && person.token == null && leads.isLed(headers, site, person.session)
}

function personOf({ known: { principal, program } }: Exchange): ObservedPerson | null {
  if (program !== null) {
    const { account, token } = program
    const { id, name, groups } = account
    return {
      account: id,
      name,
      groups,
      session: `token:${token.id}`,
      token: token.id,
      sessionStartedAt: token.createdAt,
      signedInWith: null
    }
  }
  return ofPrincipal(principal ?? null)
}

function ofPrincipal(principal: Principal | null): ObservedPerson | null {
  if (principal === null || !principal.isFullySignedIn) return null
  const { account, session } = principal
  const { id, name, groups } = account
  const { createdAt, device } = session
  return { account: id, name, groups, session: session.id, sessionStartedAt: createdAt, signedInWith: device }
}

/** Reads a header when somebody asks for it. */
class ClientHeaders implements ObservedClient {
  readonly rawHeaders: readonly string[]
  readonly #headers: IncomingHttpHeaders

  constructor(headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.#headers = headers
    this.rawHeaders = rawHeaders
  }

  get userAgent(): string {
    return this.#headers['user-agent'] ?? ''
  }

  get accept(): string {
    return this.#headers.accept ?? ''
  }

  get acceptLanguage(): string {
    return this.#headers['accept-language'] ?? ''
  }

  get fetchSite(): string {
    return text(this.#headers['sec-fetch-site'])
  }

  get fetchMode(): string {
    return text(this.#headers['sec-fetch-mode'])
  }

  get fetchDest(): string {
    return text(this.#headers['sec-fetch-dest'])
  }
}

function text(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
