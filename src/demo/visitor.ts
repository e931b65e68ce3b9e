/** The visitor by the gate's identity headers. */
import type { IncomingMessage } from 'node:http'

export interface Visitor {
  readonly user: string
  readonly name: string
  readonly email: string | null
  readonly groups: readonly string[]
}

/** Header values arrive as latin-1, but names are sent as UTF-8. */
export function readable(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  const decoded = bytes.toString('utf8')
  return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : value
}

function text(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? readable(value) : null
}

export function visitorOf(request: IncomingMessage): Visitor | null {
  const user = text(request.headers['remote-user'])
  if (user === null) return null
  return {
    user,
    name: text(request.headers['remote-name']) ?? user,
    email: text(request.headers['remote-email']),
    groups: (text(request.headers['remote-groups']) ?? '').split(',').filter(Boolean)
  }
}
