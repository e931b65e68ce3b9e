/** The context of a command: the configured store and journal. It creates no store by accident, and refuses changes that cannot be journaled. */
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import path from 'node:path'
import { defaultConfig, loadConfig } from '../../config/load.ts'
import { formatProblem } from '../../config/reading/diagnostics.ts'
import type { Config } from '../../config/schema.ts'
import type { AuditEvent } from '../audit/event.ts'
import { Journal, journalPurpose } from '../audit/journal.ts'
import { pseudonymiser } from '../audit/pseudonyms.ts'
import type { Clock } from '../clock.ts'
import { KeyFileError, readKeyFile } from '../keyring/key-file.ts'
import { journalOptionsOf, knownStoresFile, limitsOf, storeOf } from '../services/app-options.ts'
import { SessionCache } from '../session/session-cache.ts'
import { Sessions } from '../session/sessions.ts'
import type { GuardOptions } from '../store/guarded-store.ts'
import { KnownStoresFile } from '../store/known-stores.ts'
import { guardOptions, loadDriver, openGuarded, openStore } from '../store/open.ts'
import type { Store, StoreUnconfirmed } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import { isHidden, noAccess } from './access-trouble.ts'
import { type ExitCode, type Io, PersonError } from './command.ts'
import { inWords } from './error-report.ts'
import { asOwner, asSelf, type Owner, ownerOf } from './owner.ts'

export const configOption = { config: { type: 'string' } } as const
export const configHelp = '  --config FILE  the configuration'

export interface CommandContext {
  readonly config: Config
  readonly store: Store
  readonly clock: Clock
  readonly sessions: Sessions
  readonly storeOptions: GuardOptions
  /** Who runs the command, as records name them. */
  readonly operator: string
  /** `https://gate.lab.example` */
  portalUrl(): Promise<string>
  /** Confirms all writes so far (Store.settle). If they are unconfirmed, the command says so at its end and exits with 1. */
  isConfirmed(): Promise<boolean>
  /** Marks an unconfirmed change. If the journal cannot be written, the change stays, and the exit code is 1. */
  record(event: Pick<AuditEvent, 'kind'> & Partial<AuditEvent>): Promise<void>
}

interface WorkOptions {
  readonly config?: string | undefined
  /** `access`: takes access away, allowed without a journal. `grant`: any other change, refused without one. */
  readonly changes: 'nothing' | 'access' | 'grant'
  /** Creates the embedded store if missing. */
  readonly mayCreate?: boolean
  readonly fills?: boolean
  /** Opens even a store that the gate refuses. */
  readonly accepts?: boolean
}

export async function withStore(
  io: Io,
  options: WorkOptions,
  work: (place: CommandContext) => Promise<ExitCode>
): Promise<ExitCode> {
  const config = await configFor(io, options.config)
  if (config.store.kind === 'embedded' && isHidden(path.join(config.store.path, 'data.mdb')))
    throw new PersonError(noAccess(config.store.path))
  if (config.store.kind === 'embedded' && !existsSync(config.store.path) && !options.mayCreate)
    throw new PersonError(noStore(config.store.path, config))
  // Only root may be able to read the store's certificates.
  const address = storeOf(config, io.clock)
  await loadDriver(address.url)
  return asOwner(ownerAt(config), () => atPlace(io, config, address, options, work))
}

/** A new store in place of a vanished one would have nobody in it. */
function noStore(folder: string, config: Config): string {
  if (new KnownStoresFile(knownStoresFile(config)).get(`embedded:${folder}`) === null)
    return `there is no store at ${folder} yet; 'factorgate serve' or 'factorgate user add' creates it`
  return `the store at ${folder} is gone; put the folder back, or fill a new one from the newest backup: factorgate store import FILE`
}

/** The owner of the store's and journal's directories. */
function ownerAt(config: Config): Owner {
  if (process.getuid?.() !== 0) return { uid: -1, gid: -1 }
  const paths = [
    config.journal.file,
    ...(config.store.kind === 'embedded' ? [path.join(config.store.path, 'data.mdb')] : [])
  ]
  const owners = paths.map(ownerOf).filter(({ uid }) => uid !== 0)
  const [first = { uid: 0, gid: 0 }] = owners
  const other = owners.find(({ uid }) => uid !== first.uid)
  if (other === undefined) return first
  throw new PersonError(
    `the folder of the journal ${config.journal.file} belongs to uid ${first.uid}, and the folder of the store belongs to uid ${other.uid}; give both to the user who runs the gate (chown)`
  )
}

async function atPlace(
  io: Io,
  config: Config,
  { url, options: storeOptions }: ReturnType<typeof storeOf>,
  { changes, accepts, mayCreate, fills }: WorkOptions,
  work: (place: CommandContext) => Promise<ExitCode>
): Promise<ExitCode> {
  if (changes !== 'nothing') await checkKeyFile(config, changes, io)
  const journal = changes === 'nothing' ? null : await openJournal(config, io)
  try {
    if (changes === 'grant') await journal?.probe()
    if (changes === 'grant' && journal?.problem)
      throw new PersonError(
        journal.problem === 'EACCES'
          ? `${noAccess(config.journal.file)}; nothing was changed`
          : `the journal ${config.journal.file} cannot be written: ${inWords(journal.problem)}; nothing was changed`
      )
    // An import expects an empty store.
    const warn = (sentence: string) => fills || io.stderr(`warning: ${sentence}\n`)
    const knownFile = knownStoresFile(config)
    const store = accepts
      ? await openStore(url, storeOptions)
      : await openGuarded(url, storeOptions, knownFile, mayCreate ? warn : undefined)
    try {
      const place = new Place(io, config, store, journal, guardOptions(url, storeOptions, knownFile))
      try {
        const code = await work(place)
        return (await place.isConfirmed()) && !place.isUnrecorded ? code : 1
      } finally {
        await place.sayUnconfirmed()
      }
    } finally {
      await store.close()
    }
  } finally {
    await journal?.close()
  }
}

/** The gate does not start with a key file that others may read. Such a file adds nobody, but lets access end. */
async function checkKeyFile({ keyFile }: Config, changes: WorkOptions['changes'], io: Io): Promise<void> {
  const problem = await asSelf(() => readKeyFile(keyFile, io.env)).then(
    () => null,
    (error: unknown) => error
  )
  if (!(problem instanceof KeyFileError) || problem.problem !== 'readable_by_others') return
  if (changes === 'grant') throw new PersonError(`${problem.message} Nothing was changed.`)
  io.stderr(`warning: ${problem.message}\n`)
}

/** Lines are signed if the command line can read the key file, as root or as the gate's user. */
async function openJournal({ journal, keyFile }: Config, io: Io): Promise<Journal> {
  const ring = () => asSelf(() => readKeyFile(keyFile, io.env))
  // The key file is read again for each signature, because a rotation changes it.
  const signers = async () => {
    try {
      return (await ring()).signers(journalPurpose)
    } catch {
      return []
    }
  }
  const { rotation, pseudonyms } = journalOptionsOf(journal)
  // Without the key the journal would hold the names that it must not hold.
  const keyring = pseudonyms.length === 0 ? null : await ring()
  const pseudonymise = keyring === null ? null : pseudonymiser(pseudonyms, () => keyring)
  return Journal.open({ path: journal.file, clock: io.clock, signers, rotation, pseudonymise })
}

/** The configuration of `file` or the default places. Problems go to stderr, and the command fails. */
export async function configFor(io: Io, file: string | undefined): Promise<Config> {
  const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, cwd: io.cwd })
  if (loaded.kind === 'ok') return loaded.config
  if (loaded.file === null) {
    // `serve --upstream` needs no file.
    if (existsSync(path.join(io.cwd, 'var', 'store'))) return defaultConfig({ cwd: io.cwd })
    throw new PersonError(loaded.problems.map(({ message }) => message).join('; '))
  }
  for (const problem of loaded.problems) io.stderr(`${formatProblem(problem)}\n`)
  throw new PersonError(`${loaded.file} has problems (see above); nothing was done`)
}

/** The `settle` of this store only notes the request. */
function settlingLater(store: Store, note: () => void): Store {
  const settle = async () => note()
  return new Proxy(store, {
    get(target, name) {
      const value = name === 'settle' ? settle : Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}

class Place implements CommandContext {
  readonly config: Config
  readonly store: Store
  readonly clock: Clock
  readonly sessions: Sessions
  readonly storeOptions: GuardOptions
  readonly operator: string
  isUnrecorded = false
  #isDue = false
  #unconfirmed: StoreUnconfirmed | null = null
  readonly #settle: () => Promise<void>
  readonly #io: Io
  readonly #journal: Journal | null

  constructor(io: Io, config: Config, store: Store, journal: Journal | null, storeOptions: GuardOptions) {
    this.storeOptions = storeOptions
    this.operator = operator(io)
    this.#io = io
    this.#journal = journal
    this.config = config
    // All steps run before one confirmation, so none stops the next.
    this.#settle = async () => store.settle?.()
    this.store = settlingLater(store, () => {
      this.#isDue = true
    })
    this.clock = io.clock
    // Without subscriptions the cache stays empty, and every look-up goes to the store.
    const cache = new SessionCache(store)
    this.sessions = new Sessions({ store: this.store, cache, clock: io.clock, limits: limitsOf(config) })
  }

  async portalUrl(): Promise<string> {
    const { origin } = this.config.portal.url
    // Without a file only the gate knows its portal.
    return this.config.file === null ? ((await this.store.get('meta:portal-url')) ?? origin) : origin
  }

  async isConfirmed(): Promise<boolean> {
    if (this.#isDue) {
      this.#isDue = false
      // The last answer covers all earlier writes.
      this.#unconfirmed = await evenUnconfirmed(this.#settle)
    }
    return this.#unconfirmed === null
  }

  /** Runs at the end of every command, even a failed one. */
  async sayUnconfirmed(): Promise<void> {
    if (this.#unconfirmed === null) return
    this.#io.stderr(
      `factorgate: done, but not confirmed. ${this.#unconfirmed.message}\nThen run the same command again. It exits with 0 when the change is confirmed.\n`
    )
  }

  async record(event: Pick<AuditEvent, 'kind'> & Partial<AuditEvent>): Promise<void> {
    const unconfirmed = (await this.isConfirmed()) ? {} : { confirmed: false }
    const line = { at: this.clock(), ...event, ...unconfirmed, by: 'terminal', operator: this.operator }
    try {
      await this.#journal?.commit(line)
    } catch (error) {
      const { cause } = error as Error
      if (!this.isUnrecorded)
        this.#io.stderr(
          `factorgate: done, but not recorded: the journal ${this.config.journal.file} cannot be written: ${inWords(String(cause))}\n`
        )
      this.isUnrecorded = true
    }
    if (this.#journal !== null && this.config.notify !== null) await this.#notify(line)
  }

  /** Keeps a notice for the gate, which sends it. */
  async #notify(event: AuditEvent): Promise<void> {
    const { noticeOf } = await import('../notify/notices-of.ts')
    const { NoticeQueue } = await import('../notify/notice-queue.ts')
    const notice = noticeOf(event)
    if (notice === null) return
    await new NoticeQueue(this.store)
      .add(notice)
      .catch(error => this.#io.stderr(`factorgate: done, but nobody is told of it: ${(error as Error).message}\n`))
  }
}

/** The user at the terminal, as far as the system knows. */
export function operator({ env }: Pick<Io, 'env'>): string {
  let name: string
  try {
    // `userInfo` would name the effective user, the directory's owner.
    name = process.getuid?.() === 0 ? 'root' : userInfo().username
  } catch {
    name = `uid ${process.getuid?.() ?? 'unknown'}`
  }
  return env.SUDO_USER ? `${env.SUDO_USER} as ${name}` : name
}
