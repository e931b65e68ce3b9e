/**
 * The `store` URL. Owns its kinds and its shape; refuses to show it, because it may hold a password. The adapters take it apart
 * further (src/store/).
 */

import { isIP } from 'node:net'
import path from 'node:path'
import { type Wrong, wrongQuietly } from './wrong.ts'

export type StoreTarget =
  | { readonly kind: 'embedded'; readonly path: string }
  | { readonly kind: 'redis' /** May hold a password. */; readonly url: string }

const grammars = [
  { scheme: /^rediss?$/, tail: /^(\/\d{0,5})?$/, like: 'HOST:PORT[/DATABASE]' },
  { scheme: /^rediss?\+sentinel$/, tail: /^\/[\w.-]+(\/\d{0,5})?$/, like: 'HOST:PORT,HOST:PORT/MASTERNAME[/DATABASE]' },
  {
    scheme: /^rediss?\+cluster$/,
    tail: /^\/?$/,
    like: 'HOST:PORT,HOST:PORT (a Cluster has no database numbers)'
  }
]

/** `embedded:PATH` or a Redis URL. No message quotes any part of it beyond its scheme. */
export function readStore(text: string, folder: string): StoreTarget | Wrong {
  if (text.startsWith('embedded:')) {
    const place = text.slice('embedded:'.length)
    if (place === '') return wrongQuietly('must name a folder after embedded:, such as embedded:./var/store')
    return { kind: 'embedded', path: path.resolve(folder, place) }
  }
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/(.*)$/s.exec(text) ?? []
  const grammar = grammars.find(known => known.scheme.test(scheme))
  if (grammar === undefined)
    return wrongQuietly(
      'must begin with embedded:, redis://, redis+sentinel:// or redis+cluster://; with TLS it is rediss in place of redis'
    )
  if (/[?#\s]/.test(rest))
    return wrongQuietly(`must not hold blanks, '?' or '#'; in a password write them as %20, %3F and %23`)
  const [, userinfo, hosts = '', tail = ''] = /^(?:([^@/]*)@)?([^@/]*)(\/.*)?$/.exec(rest) ?? []
  if (userinfo !== undefined && !isUserinfo(userinfo))
    return wrongQuietly(
      `must have USER:PASSWORD or :PASSWORD before the '@', with '%', '@', '/' and ':' in a password as %25, %40, %2F and %3A`
    )
  const nodes = hosts.split(',')
  const single = !scheme.includes('+')
  if (!nodes.every(isNode) || (single && nodes.length > 1) || !grammar.tail.test(tail))
    return wrongQuietly(`must look like ${scheme}://${grammar.like}`)
  return { kind: 'redis', url: text }
}

function isUserinfo(text: string): boolean {
  try {
    decodeURIComponent(text)
    return text.split(':').length === 2
  } catch {
    return false
  }
}

function isNode(text: string): boolean {
  const [, host = '', port] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  const isHost = host.startsWith('[') ? isIP(host.slice(1, -1)) === 6 : /^[\w.-]+$/.test(host)
  return isHost && (port === undefined || (Number(port) > 0 && Number(port) <= 65_535))
}
