/** Certificates by ACME in one process: those served, the challenges answered, and the issuer, if this process has it. */
import { readFileSync } from 'node:fs'
import { pemText } from '../../config/reading/text-sources.ts'
import type { Config } from '../../config/schema.ts'
import { AcmeError } from '../acme/acme-error.ts'
import { Certificates } from '../acme/certificates.ts'
import { ChallengeBoard } from '../acme/challenge-board.ts'
import { Copies } from '../acme/copies.ts'
import { Issuer } from '../acme/issuer.ts'
import { certificateName, certificateNames } from '../acme/names.ts'
import { stateRecord } from '../acme/records.ts'
import { troubleOf } from '../acme/trouble.ts'
import { release } from '../metrics/release.ts'
import type { Services } from './services.ts'

type Acme = NonNullable<NonNullable<Config['listen']['tls']>['acme']>

const lookMs = 60_000
/** Other processes know of a challenge within this time. */
const settleMs = 1_000

export class Issuing {
  readonly certificates: Certificates
  readonly board: ChallengeBoard
  /** Null in all workers but the first. */
  readonly #issuer: Issuer | null
  readonly #runtime: Services
  readonly #copies: Copies | null
  #timer: NodeJS.Timeout | undefined

  private constructor(
    runtime: Services,
    certificates: Certificates,
    board: ChallengeBoard,
    issuer: Issuer | null,
    copies: Copies | null
  ) {
    this.#copies = copies
    this.#runtime = runtime
    this.certificates = certificates
    this.board = board
    this.#issuer = issuer
  }

  /** `isIssuing`: false for workers that only serve. Rejects if the store does. */
  static async open(config: Config, acme: Acme, runtime: Services, isIssuing: boolean): Promise<Issuing> {
    const { store, clock, log, metrics, isStoreShared } = runtime
    const keyring = () => runtime.keyring
    const names = namesOf(config)
    const { directory, folder } = acme
    const copies = folder === null || !isIssuing ? null : new Copies({ folder, directory, log })
    await copies?.restore(store, keyring, names, clock())
    const certificates = new Certificates({ store, keyring, clock, names, log })
    const onError = (error: unknown) => log.warn({ err: error }, 'pending challenges could not be read')
    const board = new ChallengeBoard({ store, keyring, clock, onError })
    if (copies !== null)
      certificates.onChange(changed => changed !== null && copies.writeCertificate(changed.name, changed))
    await certificates.start()
    await board.start()
    const issuer = isIssuing
      ? new Issuer({
          settings: settingsOf(acme),
          store,
          keyring,
          certificates,
          board,
          clock,
          record: event => {
            const outcome = event.kind === 'certificate.issued' ? 'issued' : 'failed'
            if (event.kind !== 'certificate.account') metrics.count('factorgate_certificate_orders_total', outcome)
            runtime.journal.record(event)
          },
          log,
          settleMs: isStoreShared ? settleMs : 0,
          userAgent: `factorgate/${release()}`,
          ...(copies === null ? {} : { onAccount: account => copies.writeAccount(account) })
        })
      : null
    return new Issuing(runtime, certificates, board, issuer, copies)
  }

  /** It begins after the listeners, because the authority asks at once. */
  begin(): void {
    if (this.#issuer === null) return
    this.#look(true)
    this.#timer = setInterval(() => this.#look(false), lookMs)
    this.#timer.unref()
  }

  /** After a reload, new hosts get a certificate now. */
  async use(config: Config): Promise<void> {
    await this.certificates.setNames(namesOf(config))
    if (this.#timer !== undefined) this.#look(true)
  }

  /** True for a host of the gate, as in a URL, without a certificate. */
  lacks(hostname: string): boolean {
    return this.certificates.lacks(certificateName(hostname))
  }

  /** Why the portal cannot be reached, without secrets; null if it can. Never rejects. */
  async problem(): Promise<string | null> {
    const { clock, store } = this.#runtime
    const problem = this.certificates.problem(clock())
    const portal = this.certificates.names[0]
    if (problem === null || portal === undefined) return problem
    const why = await stateRecord.get(store, portal).then(
      state => state?.why ?? null,
      () => null
    )
    return why === null ? problem : `${problem}: ${why}`
  }

  /** What prevents issuing or renewal while the gate still serves, without secrets. Never rejects. */
  async warnings(): Promise<string[]> {
    const { clock, store } = this.#runtime
    const states = await Promise.all(
      this.certificates.names.map(async name => ({ name, state: await stateRecord.get(store, name) }))
    ).catch(() => [])
    return states.flatMap(({ name, state }) => troubleOf(name, state, clock()) ?? [])
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#issuer?.stop()
    this.certificates.stop()
    this.board.stop()
  }

  #look(isImpatient: boolean): void {
    this.#copies?.writeAgain()
    void this.#issuer
      ?.pass(isImpatient)
      .catch(error => this.#runtime.log.warn({ err: error }, 'the gate could not look after its certificates'))
  }
}

function namesOf({ portal, apps }: Config): string[] {
  return certificateNames([portal.url, ...apps.map(({ url }) => url)])
}

function settingsOf({
  directory,
  email,
  challenge,
  profile,
  eab,
  ca
}: Acme): ConstructorParameters<typeof Issuer>[0]['settings'] {
  return {
    directory,
    email,
    challenge,
    profile,
    eab:
      eab === null
        ? null
        : { kid: eab.kid, secret: () => readable('eab.keyFile', () => readFileSync(eab.keyFile, 'utf8').trim()) },
    ca: () => (ca === null ? null : readable('ca', () => pemText(ca)))
  }
}

function readable(key: string, read: () => string): string {
  try {
    return read()
  } catch (error) {
    throw new AcmeError(`the file of listen.tls.acme.${key} cannot be read: ${(error as Error).message}`)
  }
}
