/** The certificates that a process serves. Another gate may have renewed them. */
import { X509Certificate } from 'node:crypto'
import type { Keyring } from '../keyring/keyring.ts'
import { sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { checkIssued, covers, lifeOf, toleranceMs } from './issued.ts'
import { certificateRecord, type KeptCertificate } from './records.ts'
import type { KeyPair } from './x509.ts'

interface CertificatesInput {
  readonly store: Store
  readonly keyring: () => Keyring
  readonly clock: () => number
  /** Hosts of portal and apps, the portal's first. */
  readonly names: readonly string[]
  readonly log: { warn(fields: object, sentence: string): void }
}

interface ServedCertificate extends KeyPair {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly begins: number
  readonly ends: number
  readonly issuedAt: number
}

const olderSentence =
  'the store holds a certificate that is older than the one in use, or not valid now; the one in use goes on'
/** The store is read again, because notices of changes can be lost. */
const lookAgainMs = 10 * 60_000

export class Certificates {
  readonly #input: CertificatesInput
  readonly #served = new Map<string, ServedCertificate>()
  readonly #refused = new Map<string, string>()
  #names: readonly string[]
  #listeners: ((certificate: ServedCertificate | null) => void)[] = []
  #unsubscribe = () => {}
  #timer: NodeJS.Timeout | undefined

  constructor(input: CertificatesInput) {
    this.#input = input
    this.#names = input.names
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#input.store.subscribe(certificateRecord.prefix, notice => {
      if (notice.kind === 'changed') this.#again([notice.key.slice(certificateRecord.prefix.length)])
      if (notice.kind === 'ready') this.#again(this.#names)
    })
    this.#timer = setInterval(() => this.#again(this.#names), lookAgainMs)
    this.#timer.unref()
    await this.#look(this.#names)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unsubscribe()
  }

  get names(): readonly string[] {
    return this.#names
  }

  async setNames(names: readonly string[]): Promise<void> {
    const added = names.filter(name => !this.#names.includes(name))
    const before = this.main
    this.#names = names
    for (const name of this.#served.keys()) if (!names.includes(name)) this.#served.delete(name)
    if (added.length > 0) await this.#look(added)
    if (this.main !== before) this.#tell(null)
  }

  pairFor(name: string): ServedCertificate | null {
    return this.#served.get(name) ?? null
  }

  lacks(name: string): boolean {
    return this.#names.includes(name) && !this.#served.has(name)
  }

  get main(): ServedCertificate | null {
    const name = this.#names.find(name => this.#served.has(name))
    return name === undefined ? null : (this.#served.get(name) ?? null)
  }

  get served(): readonly ServedCertificate[] {
    return this.#names.flatMap(name => this.#served.get(name) ?? [])
  }

  /** The listener gets null if only the main certificate is another one now. */
  onChange(listener: (certificate: ServedCertificate | null) => void): void {
    this.#listeners.push(listener)
  }

  problem(now: number): string | null {
    const portal = this.#names[0]
    if (portal === undefined) return null
    const served = this.#served.get(portal)
    if (served === undefined) return `there is no certificate for ${portal} yet`
    return served.ends > now ? null : `the certificate for ${portal} ended on ${new Date(served.ends).toISOString()}`
  }

  take(name: string, kept: KeptCertificate): void {
    const certificate = this.#checked(name, kept)
    const old = this.#served.get(name)
    if (certificate === null || old?.cert === certificate.cert || !this.#names.includes(name)) return
    if (old !== undefined && !this.#isBetter(certificate, old)) {
      if (this.#refused.get(name) !== certificate.cert)
        this.#input.log.warn({ name, ends: new Date(certificate.ends).toISOString() }, olderSentence)
      this.#refused.set(name, certificate.cert)
      return
    }
    this.#refused.delete(name)
    this.#served.set(name, certificate)
    this.#tell(certificate)
  }

  /** False for an older certificate, as from a backup, and for one that is not valid now while the other is. */
  #isBetter(next: ServedCertificate, old: ServedCertificate): boolean {
    const now = this.#input.clock()
    const isValid = ({ begins, ends }: ServedCertificate) => begins <= now + toleranceMs && now < ends
    if (isValid(next) !== isValid(old)) return isValid(next)
    // An authority may date back, and a gate's clock may have been wrong.
    return next.issuedAt >= old.issuedAt || next.begins >= old.begins
  }

  #again(names: readonly string[]): void {
    void this.#look(names).catch(error => this.#input.log.warn({ err: error }, 'certificates could not be read'))
  }

  async #look(names: readonly string[]): Promise<void> {
    const { store, keyring, log } = this.#input
    for (const name of names) {
      if (!this.#names.includes(name)) continue
      try {
        const kept = await certificateRecord.get(store, name, sealWith(keyring))
        if (kept !== null) this.take(name, kept)
      } catch (error) {
        // The key file has lost a key. A new certificate is issued.
        if ((error as Error).name !== 'KeyringError') throw error
        log.warn({ name, problem: (error as Error).message }, 'a certificate in the store cannot be opened')
      }
    }
  }

  /** Null if the certificate does not fit the host. An expired one is served, because browsers then say so. */
  #checked(name: string, kept: KeptCertificate): ServedCertificate | null {
    try {
      const certificate = new X509Certificate(kept.cert)
      const { from, to } = lifeOf(certificate)
      checkIssued(kept, [name], (from + to) / 2)
      if (!covers(certificate, name)) return null
      return { name, cert: kept.cert, key: kept.key, begins: from, ends: to, issuedAt: kept.issuedAt }
    } catch (error) {
      this.#input.log.warn({ name, problem: (error as Error).message }, 'a certificate in the store is not served')
      return null
    }
  }

  #tell(certificate: ServedCertificate | null): void {
    for (const listener of this.#listeners)
      try {
        listener(certificate)
      } catch (error) {
        // A file that another listener needs may be gone.
        this.#input.log.warn(
          { name: certificate?.name, err: error },
          'a new certificate could not be taken into use everywhere'
        )
      }
  }
}
