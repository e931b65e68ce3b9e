/** The servers of a directory, in order. A failed one is skipped for a while. Each has one connection of the service account, opened on demand. */
import type { Clock } from '../../clock.ts'
import { LdapConnection, printable, ServerFailure, type ServerTarget } from './connection.ts'

/** The message lists the problems of all servers. */
export class NoServer extends Error {
  override readonly name = 'NoServer'
}

interface ServersOptions {
  readonly targets: readonly ServerTarget[]
  /** Null for direct binds. */
  readonly service: { readonly dn: string; readonly password: string } | null
  readonly clock: Clock
  /** Called when a server begins to fail, and with null when it works again. */
  readonly onChange: (url: string, problem: string | null) => void
  /** Called when a server fails at one question only. */
  readonly onProblem: (url: string, problem: string) => void
}

/** The idle time of a connection, in milliseconds. Firewalls silently drop connections after some idle minutes. */
const idleMs = 2 * 60_000
/** How long a failed server is skipped, in milliseconds: at first, at most, and at most if it is the only one. */
const pauseMs = { first: 1_000, most: 30_000, alone: 5_000 }

export class Servers {
  readonly #servers: readonly DirectoryServer[]
  readonly #clock: Clock
  readonly #onProblem: ServersOptions['onProblem']

  constructor(options: ServersOptions) {
    this.#onProblem = options.onProblem
    this.#servers = options.targets.map(target => new DirectoryServer(target, options))
    this.#clock = options.clock
  }

  /** Does `work` with the first server that can. Rejects with NoServer. Rethrows other errors of `work`. */
  async use<Answer>(work: (server: DirectoryServer) => Promise<Answer>): Promise<Answer> {
    const now = this.#clock()
    const problems: string[] = []
    for (const server of this.#servers) {
      if (server.pausedUntil > now) {
        problems.push(`${server.target.url}: ${server.problem}`)
        continue
      }
      try {
        const answer = await work(server)
        server.works()
        return answer
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error
        if (error.isOfOneQuestion) this.#onProblem(server.target.url, error.message)
        else server.fails(error.message, this.#clock())
        problems.push(`${server.target.url}: ${error.message}`)
      }
    }
    throw new NoServer(problems.join('; '))
  }

  /** Null if all work. `isWhole`: no server works. */
  get trouble(): { readonly isWhole: boolean; readonly text: string } | null {
    const failed = this.#servers.filter(({ problem }) => problem !== null)
    if (failed.length === 0) return null
    const text = failed.map(({ target, problem }) => `${target.url}: ${problem}`).join('; ')
    return { isWhole: failed.length === this.#servers.length, text }
  }

  close(): void {
    for (const server of this.#servers) server.close()
  }
}

export class DirectoryServer {
  readonly target: ServerTarget
  readonly #options: ServersOptions
  #searching: Promise<LdapConnection> | null = null
  #current: LdapConnection | null = null
  #usedAt = 0
  #searches = 0
  #isClosed = false
  #failures = 0
  pausedUntil = 0
  problem: string | null = null

  constructor(target: ServerTarget, options: ServersOptions) {
    this.target = target
    this.#options = options
  }

  /** On the connection of the service account. Rejects with ServerFailure. */
  async search<Answer>(work: (connection: LdapConnection) => Promise<Answer>): Promise<Answer> {
    this.#dropIdle()
    const isKept = this.#searching !== null
    const connection = await this.#service()
    this.#searches++
    try {
      return await work(connection)
    } catch (error) {
      if (!(error instanceof ServerFailure) || error.isOfOneQuestion) throw error
      // Servers close idle connections, and an error may leave one bound anonymously, so it is reopened once.
      const isStale = isKept && !connection.isOpen && !error.isTimeout
      this.#drop(connection)
      if (!isStale) throw error
      return work(await this.#service())
    } finally {
      this.#searches--
      this.#usedAt = this.#options.clock()
    }
  }

  async withOwn<Answer>(work: (connection: LdapConnection) => Promise<Answer>): Promise<Answer> {
    const connection = await LdapConnection.open(this.target)
    try {
      return await work(connection)
    } finally {
      connection.close()
    }
  }

  works(): void {
    if (this.problem !== null) this.#options.onChange(this.target.url, null)
    this.problem = null
    this.#failures = 0
    this.pausedUntil = 0
  }

  fails(problem: string, now: number): void {
    if (this.problem !== problem) this.#options.onChange(this.target.url, problem)
    this.problem = problem
    const most = this.#options.targets.length === 1 ? pauseMs.alone : pauseMs.most
    this.pausedUntil = now + Math.min(pauseMs.first * 2 ** this.#failures++, most)
  }

  close(): void {
    this.#isClosed = true
    this.#searching?.then(
      connection => connection.close(),
      () => {}
    )
    this.#searching = null
  }

  #dropIdle(): void {
    const isIdle = this.#searches === 0 && Math.abs(this.#options.clock() - this.#usedAt) >= idleMs
    if (isIdle && this.#current !== null) this.#drop(this.#current)
  }

  async #service(): Promise<LdapConnection> {
    const { service } = this.#options
    if (service === null) throw new Error('there is no service account')
    if (this.#isClosed) throw new ServerFailure('this configuration has ended')
    const kept = await this.#searching?.catch(() => null)
    if (kept?.isOpen) return kept
    if (this.#searching === null || kept !== undefined) {
      const opening = this.#open(service)
      this.#searching = opening
      opening.catch(() => {
        if (this.#searching === opening) this.#searching = null
      })
    }
    return this.#searching
  }

  async #open({ dn, password }: { readonly dn: string; readonly password: string }): Promise<LdapConnection> {
    const connection = await LdapConnection.open(this.target)
    try {
      const answer = await connection.bind(dn, password)
      if (answer.kind === 'accepted') {
        if (this.#isClosed) throw new ServerFailure('this configuration has ended')
        this.#current = connection
        this.#usedAt = this.#options.clock()
        return connection
      }
      throw new ServerFailure(
        `the service account ${dn} is refused (${answer.code}${answer.message === '' ? '' : `: ${answer.message}`})`
      )
    } catch (error) {
      connection.close()
      throw error instanceof ServerFailure ? error : new ServerFailure(printable(error))
    }
  }

  #drop(connection: LdapConnection): void {
    // Another caller may have opened a new one.
    if (this.#current === connection) this.#searching = this.#current = null
    connection.close()
  }
}
