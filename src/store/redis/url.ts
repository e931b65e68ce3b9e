/**
 * Parses Redis addresses. No message repeats a password.
 *
 * redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], with TLS rediss://
 * redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]…/MASTER[/DATABASE]
 * redis+cluster://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]…
 *
 * Query: `ca`, `cert`, `key` (PEM files), `servername`, `sentinelUsername`, `sentinelPassword`.
 */
import { isIP } from 'node:net'
import { StoreMisconfigured } from '../misconfigured.ts'

interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisAddress {
  readonly shape: 'standalone' | 'sentinel' | 'cluster'
  readonly nodes: readonly RedisNode[]
  readonly secure: boolean
  readonly database: number
  /** For Sentinel; '' otherwise. */
  readonly master: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly parameters: Readonly<Partial<Record<Parameter, string>>>
  /** The address without user and password. */
  readonly name: string
}

const parameters = ['ca', 'cert', 'key', 'servername', 'sentinelUsername', 'sentinelPassword'] as const
type Parameter = (typeof parameters)[number]

/** '@' has one position, so that half a password is never shown as a host. */
const grammar = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@?#]*))?(?:\?([^@#]*))?$/

/** Throws StoreMisconfigured. */
export function parseRedisUrl(url: string): RedisAddress {
  const match = grammar.exec(url)
  if (match === null)
    throw new StoreMisconfigured(
      `The store's address is not a Redis address: write redis://USER:PASSWORD@HOST:PORT, with '@', '/', '?' and '#' in a password as %40, %2F, %3F and %23.`
    )
  const [, scheme = '', variant = 'standalone', user = '', hosts = '', path = '', query = ''] = match
  const shape = variant as RedisAddress['shape']
  const shown = `${scheme}${shape === 'standalone' ? '' : `+${shape}`}://${hosts}${path === '' ? '' : `/${path}`}`
  const fail = (why: string) => new StoreMisconfigured(`The store's address ${shown} cannot be used: ${why}.`)

  const nodes = hosts.split(',').map(host => readNode(host, shape === 'sentinel' ? 26379 : 6379))
  if (!nodes.every(node => node !== null)) throw fail('each host is HOST or HOST:PORT')
  if (shape === 'standalone' && nodes.length > 1) throw fail('several hosts need redis+sentinel:// or redis+cluster://')

  const parts = path === '' ? [] : path.split('/').map(part => decode(part, fail))
  const master = shape === 'sentinel' ? (parts.shift() ?? '') : ''
  if (shape === 'sentinel' && master === '')
    throw fail("Sentinel needs the master's name after the hosts, as in …:26379/mymaster")
  const database = parts.shift() ?? '0'
  if (!/^\d{1,5}$/.test(database) || parts.length > 0)
    throw fail('after the host it may only have the number of a database')
  if (shape === 'cluster' && database !== '0') throw fail('a Cluster has no numbered databases')

  const colon = user.indexOf(':')
  const username = decode(colon < 0 ? user : user.slice(0, colon), fail)
  const password = colon < 0 ? '' : decode(user.slice(colon + 1), fail)
  return {
    shape,
    nodes,
    secure: scheme === 'rediss',
    database: Number(database),
    master,
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : password,
    parameters: readParameters(query, fail),
    name: shown
  }
}

function readNode(text: string, standardPort: number): RedisNode | null {
  const [, ipv6, name, digits] = /^(?:\[([^\]]*)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = ipv6 === undefined ? name : isIP(ipv6) === 6 ? ipv6 : undefined
  const port = digits === undefined ? standardPort : Number(digits)
  return host !== undefined && port > 0 && port < 65536 ? { host, port } : null
}

function readParameters(query: string, fail: (why: string) => StoreMisconfigured): RedisAddress['parameters'] {
  const read: Partial<Record<Parameter, string>> = {}
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name = '', ...rest] = pair.split('=')
    const known = parameters.find(parameter => parameter === name)
    if (known === undefined) throw fail(`after the '?' it may only have ${parameters.join(', ')}`)
    read[known] = decode(rest.join('='), fail)
  }
  return read
}

function decode(text: string, fail: (why: string) => StoreMisconfigured): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw fail("a '%' in a name or a password is written %25")
  }
}
