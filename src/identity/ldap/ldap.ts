/**
 * A directory of people behind LDAP: OpenLDAP, Active Directory and similar servers. The service account finds a person, who then binds
 * with their own password on a separate connection; or the person binds directly. The entry becomes the account, never the typed text.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { GateError } from '../../errors.ts'
import { type Lockout, sharedByNames } from '../../throttle/limits.ts'
import { type Account, plainName } from '../account.ts'
import { canonicalAddress } from '../addresses.ts'
import type { Admissions } from '../admission.ts'
import type { Arrival, Source } from '../arrival.ts'
import type { AccountReview, Directory, DirectoryAnswer, MayCheck } from '../directory.ts'
import { type AccountState, stateOf } from './account-state.ts'
import { refusalOf, remarkOf } from './bind-refusal.ts'
import { BindTimes } from './bind-times.ts'
import type { BindAnswer, LdapConnection, ServerTarget } from './connection.ts'
import { escapeDn, fillDn, namesInBind } from './dn.ts'
import { groupsOfEach } from './groups.ts'
import { GroupMembers } from './members.ts'
import { arrivalOf, arrivalWith, type FoundPerson, findByDn, findById, findByIds, findByName } from './person.ts'
import type { LdapSchema } from './presets.ts'
import { type DirectoryServer, NoServer, Servers } from './servers.ts'

interface LdapLog {
  info(fields: object, sentence: string): void
  warn(fields: object, sentence: string): void
}

export interface LdapOptions {
  readonly source: Source
  readonly targets: readonly ServerTarget[]
  readonly schema: LdapSchema
  /** The account that searches; null for direct binds. */
  readonly service: { readonly dn: string; readonly password: string } | null
  /** The pattern of a person's DN, or `{name}@domain`; null for a search. */
  readonly userDn: string | null
  readonly refreshSeconds: number
  readonly lockout?: Lockout | null
  readonly mark: string
  readonly admissions: Pick<Admissions, 'admit' | 'keepInStep' | 'isInStep'>
  readonly clock: Clock
  readonly log: LdapLog
  readonly bindTimes?: BindTimes
}

type Verdict = { readonly kind: 'right'; readonly arrival: Arrival } | Extract<DirectoryAnswer, { kind: 'refused' }>

type Unchecked = Exclude<DirectoryAnswer, { kind: 'accepted' }>

const refused = { kind: 'refused' } as const
const free: MayCheck = async () => true
/** Parallel checks of people. Further ones are `busy`. */
const maxAtOnce = 64
/** In bytes, as for local passwords. */
const maxPasswordLength = 1024
/** In milliseconds. Strangers can cause these remarks, so each is logged once in this time. */
const quietMs = 60_000

export class LdapDirectory implements Directory {
  readonly id: string
  readonly source: Source
  readonly refreshSeconds: number
  readonly mark: string
  readonly takesDomain: boolean
  readonly lockout: Lockout | null
  readonly #options: LdapOptions
  readonly #servers: Servers
  readonly #bindTimes: BindTimes
  readonly #said = new Map<string, number>()
  #atOnce = 0
  /** Absent for direct binds, which cannot look up others. */
  readonly stands?: (account: Account) => Promise<boolean>
  readonly review?: () => AccountReview

  constructor(options: LdapOptions) {
    const { source, targets, service, clock, log, refreshSeconds, mark } = options
    this.id = source.id
    this.source = source
    this.refreshSeconds = refreshSeconds
    this.mark = mark
    this.takesDomain = options.schema.takesDomain
    this.lockout = lockoutOf(options)
    this.#options = options
    this.#bindTimes = options.bindTimes ?? new BindTimes()
    const onChange = (server: string, problem: string | null) =>
      problem === null
        ? log.info({ directory: this.id, server }, 'the directory’s server works again')
        : log.warn(
            { directory: this.id, server, problem },
            'the directory’s server does not work: nobody can be checked there'
          )
    const onProblem = (server: string, problem: string) =>
      this.#warnOnce(problem, { server, problem }, 'the directory’s server could not answer for somebody')
    this.#servers = new Servers({ targets, service, clock, onChange, onProblem })
    if (service !== null) {
      this.stands = account => this.#stands(account)
      this.review = () => {
        const members = new GroupMembers(options.schema)
        return { look: accounts => this.#look(accounts, members) }
      }
    }
  }

  isFullFor(): boolean {
    return this.#atOnce >= maxAtOnce
  }

  async authenticate(
    typed: string,
    password: string,
    _place?: unknown,
    mayCheck: MayCheck = free
  ): Promise<DirectoryAnswer> {
    const name = typedName(typed, this.source.realm)
    if (name === null || !isPassword(password)) return refused
    const verdict = await this.#limited(server => this.#check(server, name, password, mayCheck))
    if (verdict.kind !== 'right') return verdict
    const admission = await this.#options.admissions.admit(this.source, verdict.arrival)
    if (admission.kind === 'admitted') return { kind: 'accepted', accountId: admission.account.id }
    const remark = admission.why === 'name_taken' ? 'somebody else has this name here' : 'no account can be called so'
    this.#remark(verdict.arrival.name, remark)
    return { kind: 'refused', why: admission.why }
  }

  /** Takes as long as `authenticate` and binds nobody, since a made-up password could lock a person out. */
  async pretend(typed: string, password: string, mayCheck: MayCheck = free): Promise<Unchecked> {
    const name = typedName(typed, this.source.realm)
    if (name === null || !isPassword(password)) return refused
    return this.#limited(async server => {
      const { service, schema } = this.#options
      if (service !== null) {
        await server.search(connection => findByName(connection, schema, name))
        await mayCheck(null)
      }
      await this.#bindNobody(server, password)
      return refused
    })
  }

  /** Logs servers that do not answer, or a refused service account. Never rejects. */
  async check(): Promise<void> {
    const { service } = this.#options
    // `onChange` reports the problem.
    await this.#servers
      .use(server =>
        service === null ? server.withOwn(connection => connection.reach()) : server.search(async () => {})
      )
      .catch(() => {})
  }

  get trouble(): string | null {
    const found = this.#servers.trouble
    return found?.isWhole ? found.text : null
  }

  get serverTrouble(): string | null {
    const found = this.#servers.trouble
    return found === null || found.isWhole ? null : found.text
  }

  close(): void {
    this.#servers.close()
  }

  async #limited<Answer>(
    work: (server: DirectoryServer) => Promise<Answer>
  ): Promise<Answer | Extract<DirectoryAnswer, { kind: 'busy' | 'unreachable' }>> {
    if (this.isFullFor()) return { kind: 'busy' }
    this.#atOnce++
    try {
      return await this.#servers.use(work)
    } catch (error) {
      if (error instanceof NoServer) return { kind: 'unreachable' }
      throw error
    } finally {
      this.#atOnce--
    }
  }

  #check(server: DirectoryServer, name: string, password: string, mayCheck: MayCheck): Promise<Verdict> {
    return this.#options.service === null
      ? this.#bindDirectly(server, name, password)
      : this.#searchAndBind(server, name, password, mayCheck)
  }

  async #searchAndBind(server: DirectoryServer, name: string, password: string, mayCheck: MayCheck): Promise<Verdict> {
    const { schema, clock, source } = this.#options
    const found = await server.search(connection => findByName(connection, schema, name))
    if (found.kind === 'nobody' || !isCalled(found.name, name, found.entry.texts(schema.name))) {
      if (found.kind === 'nobody' && found.remark !== null) this.#remark(name, found.remark)
      await mayCheck(null)
      await this.#bindNobody(server, password)
      return refused
    }
    if (!(await mayCheck(found.externalId))) {
      this.#remark(found.name, 'strangers have spent their wrong passwords before the lockout, under several names')
      // As a wrong password, otherwise strangers would learn that two names are one person's.
      await this.#bindNobody(server, password)
      return refused
    }
    const { asksForPolicy } = schema
    const answer = await server.withOwn(connection =>
      this.#bindTimes.ofPerson(() => connection.bind(found.entry.dn, password, { asksForPolicy }))
    )
    const state = stateOf(found.entry, clock())
    const held = this.#held(found.name, answer, state)
    if (held !== null) return held
    const arrival = await server.search(connection => arrivalOf(connection, schema, found, source.groupMap))
    return { kind: 'right', arrival }
  }

  async #bindDirectly(server: DirectoryServer, name: string, password: string): Promise<Verdict> {
    const { schema, clock, source, userDn } = this.#options
    // The entry is not known yet, and a server may match similar letters (see `isCalled`).
    if (!isAscii(name)) {
      await this.#bindNobody(server, password)
      return refused
    }
    const dn = fillDn(userDn ?? '', name)
    const isDn = dn.includes('=')
    return server.withOwn(async connection => {
      const { asksForPolicy } = schema
      const answer = await this.#bindTimes.ofPerson(() => connection.bind(dn, password, { asksForPolicy }))
      const early = this.#held(name, answer, null)
      if (early !== null) return early
      const found: FoundPerson = isDn
        ? await findByDn(connection, schema, dn, name)
        : await findByName(connection, schema, name)
      if (found.kind === 'nobody') {
        this.#remark(name, found.remark ?? 'the person may not read their own entry below base')
        return refused
      }
      const held = this.#held(found.name, answer, stateOf(found.entry, clock()))
      if (held !== null) return held
      return { kind: 'right', arrival: await arrivalOf(connection, schema, found, source.groupMap) }
    })
  }

  #held(name: string, answer: BindAnswer, state: AccountState | null): Extract<Verdict, { kind: 'refused' }> | null {
    if (answer.kind === 'refused') {
      const remark = remarkOf(answer)
      const says = [remark, state === null ? null : `${state.kind} (${state.detail})`].filter(text => text !== null)
      if (says.length > 0) this.#remark(name, says.join('; '))
      const why = refusalOf(answer)
      return why === undefined ? refused : { kind: 'refused', why }
    }
    if (answer.policy === 'must_change' || answer.policy === 'expired' || answer.policy === 'locked')
      return { kind: 'refused', why: answer.policy }
    // The server has checked this lock itself, and it is over.
    if (state === null || state.force === 'theirs') return null
    this.#remark(name, `${state.kind} (${state.detail})`)
    return { kind: 'refused', why: state.kind }
  }

  /** This is as slow as a bind with a wrong password. */
  async #bindNobody(server: DirectoryServer, password: string): Promise<void> {
    const { base, asksForPolicy } = this.#options.schema
    const dn = `cn=${escapeDn(randomBytes(9).toString('hex'))},${base}`
    await server.withOwn(connection => this.#bindTimes.ofNobody(() => connection.bind(dn, password, { asksForPolicy })))
  }

  async #stands(account: Account): Promise<boolean> {
    const { externalId } = account
    if (externalId === undefined) return false
    const { schema, source, clock, admissions } = this.#options
    const arrival = await this.#servers
      .use(server =>
        server.search(async connection => {
          const found = await findById(connection, schema, externalId)
          const state = found.kind === 'nobody' ? null : stateOf(found.entry, clock())
          if (found.kind === 'nobody' || (state !== null && state.force !== 'new')) {
            const why = state === null ? 'is not there any more' : `is ${state.kind} (${state.detail})`
            this.#remark(account.name, `${account.name} ${why}`)
            return null
          }
          return arrivalOf(connection, schema, found, source.groupMap)
        })
      )
      .catch(error => {
        if (error instanceof NoServer)
          throw new GateError('institution_unreachable', { retryAfterSeconds: 10, cause: error })
        throw error
      })
    if (arrival === null) return false
    await admissions.keepInStep(source, account, arrival)
    return true
  }

  /** Asks about all at once, then about each person who seems to be gone, held or changed. */
  async #look(accounts: readonly Account[], members: GroupMembers): Promise<PromiseSettledResult<boolean>[]> {
    const same = await this.#servers
      .use(server => server.search(connection => this.#unchanged(connection, accounts, members)))
      .catch(error => {
        // A server may refuse long filters. The questions about each person tell.
        if (error instanceof NoServer) return new Set<string>()
        throw error
      })
    const answers: PromiseSettledResult<boolean>[] = []
    for (const account of accounts)
      answers.push(
        same.has(account.id)
          ? { status: 'fulfilled', value: true }
          : ((await Promise.allSettled([this.#stands(account)])) as [PromiseSettledResult<boolean>])[0]
      )
    return answers
  }

  async #unchanged(
    connection: LdapConnection,
    accounts: readonly Account[],
    members: GroupMembers
  ): Promise<ReadonlySet<string>> {
    const { schema, source, clock, admissions } = this.#options
    const people = await findByIds(
      connection,
      schema,
      accounts.flatMap(({ externalId }) => externalId ?? [])
    )
    const here = accounts.flatMap(account => {
      const person = people.get(account.externalId ?? '')
      if (person === undefined) return []
      const state = stateOf(person.entry, clock())
      return state === null || state.force === 'new' ? [{ account, person }] : []
    })
    const groups = members.canTell
      ? await members.ofAll(
          connection,
          here.map(({ person }) => person)
        )
      : await groupsOfEach(
          connection,
          schema,
          here.map(({ person }) => person)
        )
    const same = here.filter(({ account, person }, index) =>
      admissions.isInStep(source, account, arrivalWith(schema, person, groups[index]!, source.groupMap))
    )
    return new Set(same.map(({ account }) => account.id))
  }

  /** The line has no typed name of a wrong password, since people type passwords into the name field. */
  #remark(name: string, problem: string): void {
    const sentence = 'the directory has somebody whom the gate does not let in'
    this.#warnOnce(`${name}\n${problem}`, { name, problem }, sentence)
  }

  /** Strangers can cause these lines. */
  #warnOnce(key: string, fields: object, sentence: string): void {
    const { log, clock } = this.#options
    const now = clock()
    if (now < (this.#said.get(key) ?? 0) + quietMs) return
    if (this.#said.size >= 1000) this.#said.clear()
    this.#said.set(key, now)
    log.warn({ directory: this.id, ...fields }, sentence)
  }
}

function lockoutOf({ lockout = null, service, userDn }: LdapOptions): Lockout | null {
  const isDirect = service === null && userDn !== null
  return lockout !== null && isDirect ? sharedByNames(lockout, namesInBind(userDn)) : lockout
}

/** An empty password binds anonymously and succeeds (RFC 4513 §5.1.2); some servers stop at a NUL. */
function isPassword(password: string): boolean {
  return password !== '' && !password.includes('\0') && Buffer.byteLength(password) <= maxPasswordLength
}

/** The name to search for and to count guesses by; null for text that is no name. */
function typedName(typed: string, realm: string | null): string | null {
  const name = canonicalAddress(typed) ?? plainName(typed)
  if (name === '' || /[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return null
  return realm !== null && name.endsWith(`@${realm}`) ? name.slice(0, -realm.length - 1) : name
}

/**
 * Directories match similar letters and ignore invisible marks. A name with such letters must be typed as in the entry, otherwise each
 * spelling would have its own count (CVE-2026-47203).
 */
function isCalled(name: string, typed: string, names: readonly string[]): boolean {
  if (isAscii(typed)) return true
  return [name, ...names].some(each => plainName(each) === typed)
}

function isAscii(name: string): boolean {
  return /^[\x21-\x7e]+$/.test(name)
}
