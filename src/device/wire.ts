/** The headers and the JSON of Device Bound Session Credentials. */
import { digestOf } from '../ids.ts'
import { deviceAlgorithms } from './device-key.ts'

export const registerPath = '/.factorgate/device/register'
export const refreshPath = '/.factorgate/device/refresh'

/** `Secure-Session-Registration`. */
export function registrationHeader(challenge: string): string {
  return `(${deviceAlgorithms.join(' ')});path="${registerPath}";challenge="${challenge}"`
}

/** `Secure-Session-Challenge`. */
export function challengeHeader(challenge: string, identifier: string): string {
  return `"${challenge}";id="${identifier}"`
}

const identifierShape = /^"?([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{8})"?$/

/** Unique in the site; a new registration replaces the old one. */
export function identifierOf(session: string, host: string): string {
  return `${session}.${hashOf(host)}`
}

/** Null for another host's. */
export function sessionIn(identifier: string, host: string): string | null {
  const [, session, hash] = identifierShape.exec(identifier) ?? []
  return session !== undefined && hash === hashOf(host) ? session : null
}

/** `initiators`: hosts whose links to here wait for a refresh. */
export function instructions(input: { identifier: string; cookie: string; initiators: readonly string[] }): object {
  return {
    session_identifier: input.identifier,
    refresh_url: refreshPath,
    scope: { include_site: false },
    credentials: [{ type: 'cookie', name: input.cookie, attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax' }],
    allowed_refresh_initiators: input.initiators
  }
}

export function forgetting(identifier: string): object {
  return { session_identifier: identifier, continue: false }
}

function hashOf(host: string): string {
  return digestOf(host).slice(0, 8)
}
