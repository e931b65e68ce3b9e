/**
 * Addresses in the configuration: public URLs, upstreams, networks, hosts, stores. Ambiguous texts are refused, and so is a user name or
 * password in an http URL.
 */
import { isIP } from 'node:net'
import path from 'node:path'
import { firstAddress, parseNetwork } from '../../src/request/networks.ts'
import { parseRedisUrl } from '../../src/store/redis/url.ts'
import { type Invalid, invalid, invalidSecret, isInvalid } from './invalid.ts'

export interface SiteUrl {
  /** `https://lab.example` or `http://one.localhost:8443`; lower case, without a default port. */
  readonly origin: string
  /** The host as in a Host header: lower case, without a default port. */
  readonly host: string
  /** Without the port; IPv6 in brackets. */
  readonly hostname: string
  /** `` or `/nb`. */
  readonly prefix: string
  readonly secure: boolean
}

export interface Upstream {
  /** `http://10.1.2.3:8888`; `http://localhost` with a socket. */
  readonly origin: string
  readonly socketPath: string | null
  /** `` or `/x`. */
  readonly basePath: string
}

interface Parts {
  url: URL
  /** As written, without a final slash. */
  path: string
}

/** `what` ends the sentence "must be …". */
function readHttp(text: string, what: string): Parts | Invalid {
  const [, authority, rest] = /^https?:\/\/([^/?#\\\s]*)([^\\\s]*)$/i.exec(text) ?? []
  if (authority === undefined || rest === undefined) {
    const lacksScheme =
      /^[\w-]+(\.[\w-]+)*(:\d{1,5}|\.[\w-]+)(\/[\w./~-]*)?$/.test(text) || /^\[[0-9a-f:.]+\](:\d{1,5})?$/i.test(text)
    if (lacksScheme) return invalid(`must be ${what}: write http:// or https:// in front`)
    return invalid(
      /^https?:\/?[^/\s]/i.test(text) ? `must be ${what}: write two slashes after http:` : `must be ${what}`
    )
  }
  if (authority.includes('@')) return invalidSecret('must not hold a user name or password')
  if (rest.includes('?')) return invalidSecret("must not hold a query ('?…')")
  if (rest.includes('#')) return invalidSecret("must not hold a fragment ('#…')")
  const url = URL.canParse(text) ? new URL(text) : null
  if (Number(/:(\d+)$/.exec(authority)?.[1]) > 65_535) return invalid('must have a port from 1 to 65535')
  if (/^[^[\]]*:[^[\]]*:[^[\]]*$/.test(authority))
    return invalid(`must have its IPv6 address in brackets, such as http://[::1]:8080`)
  if (/\.(:\d*)?$/.test(authority)) return invalid('must not end its host with a dot')
  if (url === null || !/^([\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\])$/.test(url.hostname)) return invalid(`must be ${what}`)
  if (url.port === '0') return invalid('must have a port from 1 to 65535, because nothing can be reached at port 0')
  const bare = rest.replace(/\/$/, '')
  if (bare.split('/').some(segment => /^(\.|%2e){1,2}$/i.test(segment)) || rest.includes('//'))
    return invalid("must not hold '//', '/.' or '/..' in its path")
  return { url, path: bare }
}

export function readSiteUrl(text: string): SiteUrl | Invalid {
  const parts = readHttp(text, 'an http(s) URL such as https://app.lab.example')
  if (isInvalid(parts)) return parts
  if (!/^[A-Za-z0-9._~/-]*$/.test(parts.path)) return invalid('may hold only letters, digits and - . _ ~ in its path')
  const { origin, host, hostname, protocol } = parts.url
  return { origin, host, hostname, prefix: parts.path, secure: protocol === 'https:' }
}

export function readPortalUrl(text: string): SiteUrl | Invalid {
  const site = readSiteUrl(text)
  if (isInvalid(site) || site.prefix === '') return site
  return invalid(`must not hold a path, because the gate's pages always live under /.factorgate/; write ${site.origin}`)
}

/** An origin as browsers send it: `https://other.lab.example`. */
export function readOrigin(text: string): string | Invalid {
  const what = "an origin such as https://other.lab.example; '*' and 'null' are not taken"
  const site = readSiteUrl(text)
  return isInvalid(site) || site.prefix !== '' ? invalid(`must be ${what}`) : site.origin
}

const unixOrigin = 'http://localhost'

/** An http(s) URL or `unix:/path`, with an optional base path (`unix:/path:/base`, as nginx has it). */
export function readUpstream(text: string, folder: string): Upstream | Invalid {
  const [, slashes = '', name = '', base = ''] = /^unix:(\/*)(.*?)(?::(\/.*)?)?$/is.exec(text) ?? []
  const isUnix = /^unix:/i.test(text)
  if (isUnix && name === '') return invalid('must name a socket, such as unix:/run/app.sock')
  const parts = readHttp(isUnix ? unixOrigin + base : text, 'an http(s) or unix URL')
  if (isInvalid(parts)) return parts
  if (!/^[\w.~!$&'()*+,;=:@%/-]*$/.test(parts.path))
    return invalid('holds a character in its path that must be %-escaped')
  const socketPath = isUnix ? path.resolve(folder, slashes === '' ? name : `/${name}`) : null
  return { origin: parts.url.origin, socketPath, basePath: parts.path }
}

/** Stays text; its users parse it with the same function. */
export function readNetwork(text: string): string | Invalid {
  const network = parseNetwork(text)
  if (!('fault' in network)) return text
  switch (network.fault) {
    case 'address':
      return invalid('must be an address or network such as 10.1.2.3 or 10.0.0.0/8')
    case 'prefix':
      return invalid(`must have a prefix from /0 to /${network.most}`)
    case 'mapped':
      return invalid('must be written as a network of IPv4 addresses')
  }
}

/** The network that a text such as 10.1.2.3/8 means; null for other texts. */
export function wholeNetwork(text: string): string | null {
  const network = parseNetwork(text)
  if ('fault' in network) return null
  const first = firstAddress(network)
  return first === null ? null : `${first}/${text.split('/')[1]}`
}

/** A name is refused, because it would be looked up only at the start. */
export function readListenHost(text: string): string | Invalid {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare
  if (text.toLowerCase() === 'localhost') return 'localhost'
  return invalid('must be an address of this machine, such as 0.0.0.0, 127.0.0.1 or ::, or localhost')
}

/** Lower case, without scheme and port. */
export function readHostname(text: string): string | Invalid {
  const name = text.toLowerCase()
  return isHostname(name) ? name : invalid('must be a host name such as lab.example, without scheme, port or path')
}

function isHostname(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(text)
}

export { isLoopback } from '../../src/request/networks.ts'

export type StoreTarget =
  | { readonly kind: 'embedded'; readonly path: string }
  | { readonly kind: 'redis' /** May hold a password. */; readonly url: string }

const redisShapes = {
  standalone: 'HOST:PORT[/DATABASE]',
  sentinel: 'HOST:PORT,HOST:PORT/MASTERNAME[/DATABASE]',
  cluster: 'HOST:PORT,HOST:PORT (a Cluster has no database numbers)'
}

/** `embedded:PATH` or a Redis URL. Messages quote only its scheme. */
export function readStore(text: string, folder: string): StoreTarget | Invalid {
  if (text.startsWith('embedded:')) {
    const place = text.slice('embedded:'.length)
    if (place === '') return invalidSecret('must name a folder after embedded:, such as embedded:./var/store')
    return { kind: 'embedded', path: path.resolve(folder, place) }
  }
  const [, scheme, variant = 'standalone', rest = ''] =
    /^(rediss?(?:\+(sentinel|cluster))?):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === undefined)
    return invalidSecret(
      /^\.{0,2}\//.test(text)
        ? 'must begin with embedded: for a folder on this machine, such as embedded:./var/store'
        : 'must begin with embedded:, redis://, redis+sentinel:// or redis+cluster://; with TLS it is rediss in place of redis'
    )
  // The store also accepts parameters after a '?'. In the configuration they are keys under `redis`.
  if (/[?#\s]/.test(rest))
    return invalidSecret(`must not hold blanks, '?' or '#'; in a password write them as %20, %3F and %23`)
  const userinfo = /^([^@/]*)@[^@/]*(?:\/.*)?$/.exec(rest)?.[1]
  if (userinfo !== undefined && !isUserinfo(userinfo))
    return invalidSecret(
      `must have USER:PASSWORD or :PASSWORD before the '@', with '%', '@', '/' and ':' in a password as %25, %40, %2F and %3A`
    )
  try {
    parseRedisUrl(text)
    return { kind: 'redis', url: text }
  } catch {
    return invalidSecret(`must look like ${scheme}://${redisShapes[variant as keyof typeof redisShapes]}`)
  }
}

/** A password without its colon would count as a user name; two colons are probably a mistake. */
function isUserinfo(text: string): boolean {
  try {
    decodeURIComponent(text)
    return text.split(':').length === 2
  } catch {
    return false
  }
}
