/**
 * One encrypted connection to one server, with a deadline for each step and a limit on received bytes. It never reconnects by itself, since
 * a new connection is neither encrypted nor bound.
 */
import net, { isIP } from 'node:net'
import tls from 'node:tls'
import { lookupOfInstitutions } from '../../request/host-lookup.ts'
import { type Client, type Filter, type Ldapts, loadDriver, type PolicyError, policyControl } from './driver.ts'
import { DirectoryEntry } from './entry.ts'
import { ServerSockets } from './server-sockets.ts'

/** Another server may be asked. The message holds no secret. */
export class ServerFailure extends Error {
  override readonly name = 'ServerFailure'
  /** True if only this question fails, such as a search that is too large. */
  readonly isOfOneQuestion: boolean

  constructor(
    message: string,
    { isOfOneQuestion = false, ...options }: ErrorOptions & { isOfOneQuestion?: boolean } = {}
  ) {
    super(message, options)
    this.isOfOneQuestion = isOfOneQuestion
  }

  get isTimeout(): boolean {
    return /timed out/.test(this.message)
  }
}

export interface ServerTarget {
  /** `ldap://host:389` or `ldaps://host:636`. */
  readonly url: string
  readonly startTls: boolean
  /** PEM; null for Node's own authorities. */
  readonly ca: string | null
  readonly timeoutMs: number
}

export type BindAnswer =
  | { readonly kind: 'accepted'; readonly policy: PolicyError | null }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string; readonly policy: PolicyError | null }

interface SearchInput {
  readonly base: string
  readonly scope?: 'base' | 'sub'
  readonly filter: Filter
  readonly attributes: readonly string[]
  readonly binary?: readonly string[]
  /** The server stops after this many entries. Default: all, in pages. */
  readonly most?: number
}

/** OpenLDAP and Active Directory may refuse larger pages. */
const pageSize = 100

/** Results of a bind that concern the person (RFC 4511 §4.1.9). */
const refusals: ReadonlySet<number> = new Set([16, 19, 32, 33, 34, 36, 48, 49, 50, 53])
/** They concern the server: operations error, protocol error, stronger authentication, confidentiality, busy, unavailable. */
const outOfOrder: ReadonlySet<number> = new Set([1, 2, 8, 13, 51, 52])
const referral = 10
const noSuchObject = 32

export class LdapConnection {
  readonly driver: Ldapts
  readonly #client: Client
  readonly #sockets: ServerSockets

  private constructor(driver: Ldapts, client: Client, sockets: ServerSockets) {
    this.driver = driver
    this.#client = client
    this.#sockets = sockets
  }

  /** Rejects with ServerFailure. */
  static async open({ url, startTls, ca, timeoutMs }: ServerTarget): Promise<LdapConnection> {
    const driver = await loadDriver()
    const { hostname, protocol } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    // Node checks the certificate against `servername` or `host`; an address is no server name (RFC 6066 §3).
    const trust: tls.ConnectionOptions = {
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca }),
      minVersion: 'TLSv1.2'
    }
    const sockets = new ServerSockets()
    let isOpened = false
    const once = () => {
      if (isOpened) throw new ServerFailure('the connection was closed')
      isOpened = true
    }
    const client = new driver.Client({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      strictDN: false,
      ...(protocol === 'ldaps:' ? { tlsOptions: trust } : {}),
      createConnection: ((port: number, at: string) => {
        once()
        return sockets.watch(net.connect({ port, host: at, keepAlive: true, lookup: lookupOfInstitutions }))
      }) as typeof net.connect,
      createSecureConnection: ((...given: [number, string, object] | [object]) => {
        if (given.length === 1) return sockets.watch(tls.connect(given[0]))
        once()
        return sockets.watch(tls.connect({ ...given[2], port: given[0], host: given[1], lookup: lookupOfInstitutions }))
      }) as typeof tls.connect
    })
    const connection = new LdapConnection(driver, client, sockets)
    // The library sets no deadline for a handshake after StartTLS.
    const timer = setTimeout(() => sockets.destroy(`no TLS within ${timeoutMs} ms`), timeoutMs)
    try {
      if (startTls && protocol === 'ldap:') await connection.#ask(() => client.startTLS(trust), true)
      return connection
    } catch (error) {
      connection.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** After StartTLS the library does not notice that the server has closed the connection. */
  get isOpen(): boolean {
    return this.#client.isConnected && !this.#sockets.isOver
  }

  /**
   * Binds with a DN, or for Active Directory a `name@domain`. The first bind connects. Rejects with ServerFailure. Throws for an empty
   * password, which servers accept as an anonymous bind (RFC 4513 §5.1.2).
   */
  async bind(dn: string, password: string, { asksForPolicy = false } = {}): Promise<BindAnswer> {
    if (dn === '' || password === '') throw new Error('a bind without a name or a password would be one as nobody')
    const policy = asksForPolicy ? policyControl(this.driver) : null
    const attempt = async (): Promise<BindAnswer> => {
      try {
        await this.#client.bind(dn, password, policy?.control)
        return { kind: 'accepted', policy: policy?.error() ?? null }
      } catch (error) {
        const code = this.#codeOf(error)
        if (code === null || !refusals.has(code)) throw error
        return { kind: 'refused', code, message: printable(error), policy: policy?.error() ?? null }
      }
    }
    return this.#ask(attempt, true)
  }

  /** Any answer proves that the server is there. Rejects with ServerFailure. */
  reach(): Promise<void> {
    return this.#ask(async () => {
      try {
        await this.#client.search('', { scope: 'base', attributes: ['1.1'] })
      } catch (error) {
        if (this.#codeOf(error) === null) throw error
      }
    }, true)
  }

  /** Without referrals. Rejects with ServerFailure. */
  async search({ base, scope = 'sub', filter, attributes, binary = [], most }: SearchInput): Promise<DirectoryEntry[]> {
    const options = {
      scope,
      filter,
      attributes: [...attributes],
      explicitBufferAttributes: [...binary],
      derefAliases: 'never' as const,
      ...(most === undefined ? { paged: { pageSize } } : { sizeLimit: most })
    }
    return this.#ask(async () => {
      try {
        const { searchEntries } = await this.#client.search(base, options)
        return searchEntries.map(entry => new DirectoryEntry(entry))
      } catch (error) {
        const code = this.#codeOf(error)
        if (code === noSuchObject && scope === 'base') return []
        // A replica that is being filled answers so. A single entry may stand elsewhere for good.
        if (code === referral)
          throw new ServerFailure(`it refers to another server for '${base}', and references are not followed`, {
            isOfOneQuestion: scope === 'base'
          })
        if (code === noSuchObject)
          throw new ServerFailure(`there is no '${base}' to search in`, { isOfOneQuestion: true })
        const isOfOneQuestion = code !== null && !outOfOrder.has(code)
        throw new ServerFailure(printable(error), { cause: error, isOfOneQuestion })
      }
    })
  }

  close(): void {
    // Nobody awaits this, since a hanging server does not answer.
    this.#client.unbind().catch(() => {})
    this.#sockets.destroy('closed')
  }

  async #ask<Answer>(work: () => Promise<Answer>, mayConnect = false): Promise<Answer> {
    if (!mayConnect && !this.isOpen) throw new ServerFailure('the connection was closed')
    try {
      return await this.#sockets.counted(work)
    } catch (error) {
      throw error instanceof ServerFailure ? error : new ServerFailure(printable(error), { cause: error })
    }
  }

  #codeOf(error: unknown): number | null {
    return error instanceof this.driver.ResultCodeError ? error.code : null
  }
}

/** One line for logs. */
export function printable(error: unknown): string {
  const { message, name } = error as Error
  return (message || name)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 300)
}
