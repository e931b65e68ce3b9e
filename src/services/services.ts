/** The services that outlive a reload, started and closed in order. */
import path from 'node:path'
import type { Logger } from 'pino'
import { ProcessReports } from '../administration/process-reports.ts'
import { Anchors, isAnchorSigned, type Missing, missingBehind } from '../audit/anchor.ts'
import { Strangers } from '../audit/anonymous-log-limit.ts'
import type { AuditSink } from '../audit/event.ts'
import { IndexGrowth } from '../audit/index-growth.ts'
import { Journal, journalPurpose } from '../audit/journal.ts'
import { type PseudonymisedField, pseudonymiser } from '../audit/pseudonyms.ts'
import type { RotationOptions } from '../audit/rotation.ts'
import type { Budgets } from '../budgets/budgets.ts'
import type { Clock } from '../clock.ts'
import type { DecoyWatch } from '../decoys/decoy-watch.ts'
import { Credentials } from '../factor/credential.ts'
import type { FactorNotice } from '../factor/factor-notice.ts'
import { LiveConnections } from '../forwarding/live-connections.ts'
import { type UpstreamNews, UpstreamStates } from '../forwarding/upstream-states.ts'
import { Accounts } from '../identity/accounts.ts'
import { assertionSeconds } from '../identity/assertion.ts'
import { Invitations } from '../identity/invitations.ts'
import { LocalDirectory } from '../identity/local.ts'
import type { PasswordHasher } from '../identity/password/password.ts'
import type { KeptMetadata } from '../identity/saml/metadata-source.ts'
import { SecondReader } from '../identity/saml/second-opinion.ts'
import type { IntegrityWatch } from '../integrity/integrity-watch.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { PublishedKeys } from '../keyring/published-keys.ts'
import { RecentKeyrings } from '../keyring/recent-keyrings.ts'
import { Observers } from '../metering/observation.ts'
import { History } from '../metrics/history.ts'
import { MeasuredStore } from '../metrics/measured-store.ts'
import { Metrics } from '../metrics/metrics.ts'
import { readEventLoop, readProcess } from '../metrics/process-metrics.ts'
import type { Postures } from '../posture/postures.ts'
import { ProgramTokens } from '../programs/program-tokens.ts'
import { AppUse } from '../session/last-used-apps.ts'
import { SessionCache } from '../session/session-cache.ts'
import { type SessionLimits, Sessions } from '../session/sessions.ts'
import { SharedAnswers } from '../session/shared-answers.ts'
import type { Store } from '../store/store.ts'
import { AttemptLimiter } from '../throttle/attempt-limiter.ts'
import type { UnusualWatch } from '../unusual/unusual-watch.ts'
import type { UpstreamLogins } from '../upstream-login/upstream-logins.ts'
import { type AccessWatching, watchAccess } from '../watchers/access.ts'
import { Readiness } from '../watchers/readiness.ts'
import type { Standstill } from '../watchers/standstill.ts'
import { cachedPrefixes } from './cached-prefixes.ts'
import { sayClocksApart } from './clocks-apart.ts'
import { hasherOf } from './password-hashing.ts'
import { posturesOf } from './postures.ts'
import { standstillOf } from './standstill.ts'
import type { Tracing } from './tracing.ts'
import { upstreamLoginsOf } from './upstream-logins.ts'
import type { WatchCommons } from './watch-commons.ts'

interface JournalTerms {
  readonly rotation: RotationOptions
  readonly pseudonyms: readonly PseudonymisedField[]
}

interface ServicesInput {
  readonly store: Store
  readonly keyring: Keyring
  readonly journalFile: string
  /** Default: one file for ever, with real names. */
  readonly journal?: JournalTerms
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly log: Logger
  /** Worker processes on this machine. Default: 1. */
  readonly workers?: number | undefined
  /** Tells the other workers which upstreams are down. */
  readonly tellWorkers?: ((news: UpstreamNews) => void) | undefined
  readonly isStoreShared?: boolean
  /** Other machines may use the same store. Default: as `isStoreShared`. */
  readonly isStoreOfMachines?: boolean
  /** Closed with the rest. */
  readonly hasher?: PasswordHasher | undefined
  /** scrypt's N for new recovery codes. Default: as in `src/factor/slow-hash.ts`. */
  readonly recoveryCodeCost?: number | undefined
}

/** Seconds by which an app's clock may be behind, or another worker may be late to read a new key file. */
const clockSeconds = 60
/** The interval for writing last-seen times, in milliseconds. */
const flushMs = 5_000

/** What operators see of the configuration in force. */
export interface ConfigurationNote {
  startedAt: number
  loadedAt: number
  refused: { readonly at: number; readonly problems: readonly string[] } | null
  waiting: readonly string[]
}

export class Services {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly cache: SessionCache
  readonly sessions: Sessions
  readonly tokens: ProgramTokens
  readonly upstreamLogins: UpstreamLogins
  readonly live: LiveConnections
  readonly upstreams: UpstreamStates
  readonly journal: Journal
  /** The journal for events that anonymous clients can cause. */
  readonly strangers: Strangers
  readonly metrics = new Metrics()
  /** Null if no configuration has had these parts of the watch. They outlive a reload. */
  budgets: Budgets | null = null
  unusual: UnusualWatch | null = null
  integrity: IntegrityWatch | null = null
  readonly postures: Postures
  decoys: DecoyWatch | null = null
  watchCommons: WatchCommons | null = null
  readonly isStoreShared: boolean
  /** The observers of each exchange while it runs. */
  readonly observers = new Observers()
  readonly history: History
  /** What every process that uses the store reports to the console. */
  readonly reports: ProcessReports
  readonly configuration: ConfigurationNote
  readonly journalFile: string
  readonly accounts: Accounts
  readonly credentials: Credentials
  readonly invitations: Invitations
  readonly limiter: AttemptLimiter
  readonly local: LocalDirectory
  readonly appUse: AppUse
  /** It outlives a reload. */
  readonly samlMetadata: KeptMetadata = new Map()
  /** The folder for copies of metadata, beside the journal. */
  readonly samlCopies: string
  readonly samlReader = new SecondReader()
  /** Null if this process alone uses the store. */
  readonly sharedAnswers: SharedAnswers | null
  readonly readiness: Readiness
  readonly standstill: Standstill
  /** Tells people of events, as the configuration in use says; null if it tells nobody. */
  notifying: { sink(sink: AuditSink): AuditSink } | null = null
  /** Null without traces. */
  tracing: Tracing | null = null
  /** The content of `/.factorgate/jwks.json`. */
  readonly publishedKeys: PublishedKeys
  readonly keyrings: RecentKeyrings
  readonly recoveryCodeCost: number | undefined
  readonly #hasher: PasswordHasher
  #watching: AccessWatching | undefined
  #flushing: NodeJS.Timeout | undefined
  readonly #indexGrowth: IndexGrowth
  readonly #anchors: Anchors

  private constructor(input: ServicesInput, journal: Journal, anchors: Anchors) {
    const { clock, log } = input
    this.recoveryCodeCost = input.recoveryCodeCost
    const store = new MeasuredStore(input.store, this.metrics)
    this.store = store
    this.clock = clock
    this.configuration = { startedAt: clock(), loadedAt: clock(), refused: null, waiting: [] }
    this.journalFile = input.journalFile
    this.isStoreShared = input.isStoreShared === true
    this.log = log
    this.publishedKeys = new PublishedKeys(input.keyring, assertionSeconds + clockSeconds)
    this.keyrings = new RecentKeyrings(input.keyring)
    const cache = new SessionCache(store)
    this.cache = cache
    this.sessions = new Sessions({ ...input, store, cache, onAhead: sayClocksApart(log) })
    this.tokens = new ProgramTokens({ store, cache, clock, accountNow: account => this.sessions.accountNow(account) })
    this.upstreamLogins = upstreamLoginsOf(this)
    this.live = new LiveConnections({ clock })
    this.history = new History(this.metrics, clock)
    this.reports = new ProcessReports({
      store,
      clock,
      isShared: input.isStoreShared === true,
      read: () => ({ live: this.live.bySession(), steps: this.history.read() }),
      onError: error => log.warn({ err: error }, 'the numbers of this process could not be written for the console')
    })
    this.upstreams = new UpstreamStates(
      ({ appId: app, address: upstream }, problem) =>
        problem === null
          ? log.info({ app, upstream }, 'the upstream is up again')
          : log.warn({ app, upstream, problem }, 'the upstream is down'),
      input.tellWorkers
    )
    this.journal = journal
    this.#anchors = anchors
    this.#indexGrowth = new IndexGrowth({ path: input.journalFile })
    this.samlCopies = path.join(path.dirname(input.journalFile), 'saml-metadata')
    this.strangers = new Strangers(journal, clock)
    this.postures = posturesOf(this)
    this.postures.onChange(() => this.budgets?.configure(this.budgets.all))
    this.accounts = new Accounts({ store, clock })
    this.credentials = new Credentials({ store, clock, onDisabled: notice => this.disabled(notice) })
    this.invitations = new Invitations({ store, clock })
    this.limiter = new AttemptLimiter({
      store,
      clock,
      onThrottled: kind => this.metrics.count('factorgate_throttled_attempts_total', kind)
    })
    this.#hasher = input.hasher ?? hasherOf(log, input.workers)
    this.local = new LocalDirectory({ store, accounts: this.accounts, hasher: this.#hasher, clock })
    this.appUse = new AppUse(store)
    this.sharedAnswers = input.isStoreShared ? new SharedAnswers({ store, clock, keyring: () => this.keyring }) : null
    this.standstill = standstillOf({ store, log })
    this.readiness = new Readiness({
      store,
      journal,
      onChange: problem => {
        if (problem === null) return log.info('ready again: the store answers')
        log.error({ problem }, 'not ready')
        journal.record({ kind: 'store.refused', at: clock(), why: problem })
      }
    })
  }

  /** Rejects with StoreUnreachable; an unwritable journal is only logged. */
  static async start(input: ServicesInput): Promise<Services> {
    const onChange = (problem: string | null) =>
      problem === null
        ? input.log.info('the journal can be written again')
        : input.log.error({ problem, file: input.journalFile }, unwritable(problem))
    let keyring = () => input.keyring
    const signers = () => keyring().signers(journalPurpose)
    const { rotation = null, pseudonyms = [] } = input.journal ?? {}
    const { store: bare, journalFile, isStoreShared = false } = input
    const anchors = new Anchors({
      store: bare,
      journal: journalFile,
      isStoreShared: input.isStoreOfMachines ?? isStoreShared
    })
    const journal = await Journal.open({
      path: input.journalFile,
      clock: input.clock,
      onChange,
      signers,
      rotation,
      onCheckpoint: anchor => anchors.note(anchor),
      pseudonymise: pseudonymiser(pseudonyms, () => keyring())
    })
    const runtime = new Services(input, journal, anchors)
    keyring = () => runtime.keyring
    await runtime.cache.watch(cachedPrefixes)
    await runtime.sessions.begin()
    await runtime.postures.start()
    const { cache, log, readiness } = runtime
    await runtime.accounts
      .indexAddresses()
      .catch(error =>
        log.warn(
          { err: error },
          'people cannot sign in with their e-mail addresses yet; the gate tries again at its next start'
        )
      )
    runtime.#watching = watchAccess({
      ...runtime,
      onError: error => log.warn({ err: error }, 'the gate could not check whether access has ended'),
      onUnconfirmed: connections =>
        log.warn({ connections }, 'the store is silent, so what ran at guarded apps has ended')
    })
    // Checks at the start, and whenever the store connection changes.
    cache.onNotice(({ kind }) => kind !== 'changed' && void readiness.check())
    void readiness.check()
    runtime.standstill.start()
    runtime.history.start()
    await runtime.reports.start()
    runtime.#flushing = setInterval(() => void runtime.#flush(), flushMs)
    runtime.#flushing.unref()
    runtime.#readMetrics()
    return runtime
  }

  /** Compares the files with what the store remembers of them, before the first line. Null if they fit, or if it cannot be told. */
  async compareJournal(): Promise<Missing | null> {
    try {
      const anchor = await this.#anchors.read()
      const keys = (await this.keyring.signers(journalPurpose)).map(({ publicKey }) => publicKey)
      if (anchor === null || !isAnchorSigned(anchor, keys)) return null
      const { end, chain } = await this.journal.look()
      return missingBehind(anchor, end, chain)
    } catch {
      // Store or journal cannot be read, which is reported elsewhere.
      return null
    }
  }

  /** These terms hold from the next line on. */
  useJournal({ rotation, pseudonyms }: JournalTerms): void {
    this.journal.configure({ rotation, pseudonymise: pseudonymiser(pseudonyms, () => this.keyring) })
  }

  /** A journal line names what is missing, and the next checkpoint is the anchor. */
  recordMissing(missing: Missing): void {
    const { kind, anchor } = missing
    this.journal.record({
      kind: 'journal.missing',
      at: this.clock(),
      why: kind,
      fromSeq: kind === 'cut' ? missing.fromSeq : 1,
      toSeq: anchor.seq,
      lastHash: anchor.hash,
      signedAt: new Date(anchor.at).toISOString()
    })
    this.#anchors.replace()
  }

  get keyring(): Keyring {
    return this.keyrings.present
  }

  set keyring(next: Keyring) {
    this.publishedKeys.replace(next, this.clock())
    this.keyrings.replace(next, this.clock())
  }

  #readMetrics(): void {
    const { metrics, live, readiness, upstreams, sessions, journal } = this
    metrics.read('factorgate_open_connections', () => live.size)
    metrics.read('factorgate_open_sockets', () => [...live.socketsByApp()])
    metrics.read('factorgate_active_sessions', () => sessions.activeWithin(300))
    metrics.read('factorgate_upstream_up', () =>
      [...upstreams.all()].map(({ appId, address, isUp }) => [appId, address, Number(isUp)] as const)
    )
    metrics.read('factorgate_store_up', () => Number(readiness.isStoreUp))
    metrics.read('factorgate_journal_writable', () => Number(readiness.isJournalWritable))
    metrics.read('factorgate_journal_lines_total', () => journal.progress.lines)
    metrics.read('factorgate_journal_bytes_total', () => journal.progress.bytes)
    metrics.read('factorgate_journal_waiting_bytes', () => journal.progress.waitingBytes)
    metrics.read('factorgate_journal_unwritten_lines', () => journal.progress.unwritten)
    metrics.read('factorgate_journal_checkpoint_timestamp_seconds', () => {
      const { checkpointAt } = journal.progress
      return checkpointAt === null ? [] : [[checkpointAt / 1000] as const]
    })
    readProcess(metrics)
    readEventLoop(metrics)
  }

  /** A factor was disabled after a hundred consecutive failures (NIST SP 800-63B-4 §3.2.2). */
  disabled({ at, accountId, factor, credentialId }: FactorNotice): void {
    const sink = this.notifying?.sink(this.journal) ?? this.journal
    sink.record({
      kind: 'factor.disable',
      at,
      account: accountId,
      factor,
      credential: credentialId,
      outcome: 'too_many_failures'
    })
  }

  /** Reviews live connections after a change of the configuration. */
  sweep(): void {
    this.#watching?.reviewAll()
  }

  async close(): Promise<void> {
    this.#watching?.stop()
    this.postures.stop()
    this.#indexGrowth.stop()
    this.readiness.stop()
    this.standstill.stop()
    this.history.stop()
    this.reports.stop()
    clearInterval(this.#flushing)
    await this.#flush()
    for (const watch of [this.budgets, this.unusual, this.integrity, this.watchCommons]) await watch?.stop()
    this.live.close()
    this.samlReader.close()
    this.cache.close()
    this.#hasher.close()
    this.strangers.flush(true)
    await this.journal.close()
    await this.#anchors.close()
    await this.store.close()
  }

  async #flush(): Promise<void> {
    this.strangers.flush()
    try {
      await this.sessions.flush()
      await this.tokens.flush()
    } catch (error) {
      this.log.warn({ err: error }, 'the gate could not save when sessions were last used')
    }
  }
}

function unwritable(problem: string): string {
  const way =
    problem === 'ENXIO'
      ? 'it is a socket, as /dev/stdout is under systemd, or a pipe that nobody reads; name a file under journal'
      : 'run factorgate doctor'
  return `the journal cannot be written: ${way}`
}
