/**
 * Warns of certificates that end: a journal line 30, 14, 7 and 1 days before, once for all gates of a store. Certificates of a few days are
 * renewed after two thirds of their life, so it is silent about them until then.
 */
import { X509Certificate } from 'node:crypto'
import type { AuditSink } from '../audit/event.ts'
import { type Clock, dayMs, hourMs } from '../clock.ts'
import type { Store } from '../store/store.ts'

export interface CertificateEndInput {
  /** Files by their key in the configuration. */
  readonly files: readonly { readonly what: string; readonly file: string }[]
  /** PEM. Throws if it cannot be read. */
  readonly read: (file: string) => string
  /** Certificates that the gate gets and renews itself. Default: none. */
  readonly issued?: (() => readonly { readonly name: string; readonly cert: string }[]) | undefined
  readonly store: Pick<Store, 'add'>
  readonly audit: Pick<AuditSink, 'record'>
  readonly clock: Clock
  readonly log: { warn(fields: object, sentence: string): void }
}

const warnings = [1, 7, 14, 30]
const everyMs = 6 * hourMs
/** The first look waits, so that it does not slow down the start. */
const firstMs = 30_000
const toldSeconds = 45 * 24 * 3600

export class CertificateEnd {
  readonly #input: CertificateEndInput
  readonly #timers: NodeJS.Timeout[] = []

  constructor(input: CertificateEndInput) {
    this.#input = input
  }

  start(): void {
    const look = () => void this.look().catch(() => {})
    this.#timers.push(setTimeout(look, firstMs).unref(), setInterval(look, everyMs).unref())
  }

  /** What the metrics show. */
  ends(): ReturnType<typeof certificateEnds> {
    const { files, read, issued } = this.#input
    return certificateEnds(files, read, issued)
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** Rejects if the store does. */
  async look(): Promise<void> {
    const { files, read, issued = () => [], store, audit, clock, log } = this.#input
    const all = [
      ...files.map(({ what, file }) => ({ what, file, certificate: certificateIn(file, read), share: 1 / 3 })),
      // Less than a quarter of the life left means that renewal fails.
      ...issued().map(one => ({ ...issuedIn(one), file: null, share: 1 / 4 }))
    ]
    for (const { what, file, certificate, share } of all) {
      const now = clock()
      const warning = certificate === null ? null : warningOf(certificate, now, share)
      if (certificate === null || warning === null) continue
      const { fingerprint256, validTo } = certificate
      const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase()
      if (!(await store.add(`certificate-told:${fingerprint}:${warning}`, '1', toldSeconds))) continue
      const ends = Date.parse(validTo)
      const left = Math.max(0, Math.floor((ends - now) / dayMs))
      audit.record({
        kind: 'certificate.ending',
        at: now,
        what,
        file,
        fingerprint,
        days: warning,
        left,
        ends: new Date(ends).toISOString()
      })
      log.warn(
        { certificate: what, file, ends: validTo },
        file === null
          ? `a certificate ends in ${left} days, and its renewal fails`
          : `a certificate ends in ${left} days: renew it`
      )
    }
  }
}

/** The end of each readable certificate, in seconds since the epoch, by its key in the configuration. */
export function certificateEnds(
  files: CertificateEndInput['files'],
  read: CertificateEndInput['read'],
  issued: NonNullable<CertificateEndInput['issued']> = () => []
): (readonly [what: string, endsAt: number])[] {
  const all = [
    ...files.map(({ what, file }) => ({ what, certificate: certificateIn(file, read) })),
    ...issued().map(issuedIn)
  ]
  return all.flatMap(({ what, certificate }) =>
    certificate === null ? [] : [[what, Date.parse(certificate.validTo) / 1000] as const]
  )
}

function issuedIn({ name, cert }: { readonly name: string; readonly cert: string }) {
  return { what: `listen.tls.acme (${name})`, certificate: certificateIn(cert, text => text) }
}

/**
 * The warning that was passed last, in days before the end; null while there is time, and after the end. `share`: the part of its life that
 * counts as the last one.
 */
function warningOf({ validFrom, validTo }: X509Certificate, now: number, share: number): number | null {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  const left = to - now
  if (left <= 0 || left > (to - from) * share) return null
  return warnings.find(days => left <= days * dayMs) ?? null
}

/** Null for an unreadable file: a reload says why. */
function certificateIn(file: string, read: (file: string) => string): X509Certificate | null {
  try {
    return new X509Certificate(read(file))
  } catch {
    return null
  }
}
