/** An exchange with an app as those who watch what leaves see it. */
import type { IncomingMessage } from 'node:http'
import type { ObservedExchange } from '../src/metering/observation.ts'
import type { Exchange } from './exchange.ts'

/** Null for a page of the gate, and for an address of no app. */
export function observedExchange(
  exchange: Exchange,
  { headers, rawHeaders, method }: IncomingMessage,
  isSocket: boolean
): ObservedExchange | null {
  const { match, target, client, principal } = exchange.known
  if (match?.kind !== 'app') return null
  const text = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value : ''
  }
  return {
    reference: exchange.id,
    person:
      principal == null || !principal.isFullySignedIn
        ? null
        : {
            account: principal.account.id,
            name: principal.account.name,
            groups: principal.account.groups,
            session: principal.session.id,
            sessionStartedAt: principal.session.createdAt
          },
    app: match.app.id,
    method: method as string,
    path: match.path,
    query: target?.query ?? '',
    address: client?.address ?? '',
    client: {
      userAgent: text('user-agent'),
      accept: text('accept'),
      acceptLanguage: text('accept-language'),
      fetchSite: text('sec-fetch-site'),
      fetchMode: text('sec-fetch-mode'),
      fetchDest: text('sec-fetch-dest'),
      rawHeaders
    },
    isSocket
  }
}
