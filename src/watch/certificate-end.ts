/**
 * The watcher of certificates that end soon: it writes a line to the journal 30, 14, 7 and 1 days before, once for all gates of a store.
 * Certificates of a few days are renewed after two thirds of their life, so it is silent about them until then.
 */
import { X509Certificate } from 'node:crypto'
import type { AuditSink } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'

export interface CertificateEndInput {
  /** The key of each certificate in the configuration, and its file. */
  readonly files: readonly { readonly what: string; readonly file: string }[]
  /** The PEM text. Throws if it cannot be read. */
  readonly read: (file: string) => string
  readonly store: Pick<Store, 'add'>
  readonly audit: Pick<AuditSink, 'record'>
  readonly clock: Clock
  readonly log: { warn(fields: object, sentence: string): void }
}

const dayMs = 24 * 3600_000
const warnings = [1, 7, 14, 30]
const everyMs = 6 * 3600_000
/** After the start, which it does not slow down. */
const firstMs = 30_000
const toldSeconds = 45 * 24 * 3600

export class CertificateEnd {
  readonly #input: CertificateEndInput
  readonly #timers: NodeJS.Timeout[] = []

  constructor(input: CertificateEndInput) {
    this.#input = input
  }

  start(): void {
    if (this.#input.files.length === 0) return
    const look = () => void this.look().catch(() => {})
    this.#timers.push(setTimeout(look, firstMs).unref(), setInterval(look, everyMs).unref())
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** Rejects where the store does. */
  async look(): Promise<void> {
    const { files, read, store, audit, clock, log } = this.#input
    for (const { what, file } of files) {
      const certificate = certificateIn(file, read)
      const now = clock()
      const warning = certificate === null ? null : warningOf(certificate, now)
      if (certificate === null || warning === null) continue
      const { fingerprint256, validTo } = certificate
      const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase()
      if (!(await store.add(`certificate-told:${fingerprint}:${warning}`, '1', toldSeconds))) continue
      const ends = Date.parse(validTo)
      const left = Math.max(0, Math.floor((ends - now) / dayMs))
      audit.record({ kind: 'certificate.ending', at: now, what, file, fingerprint, days: warning, left, ends })
      log.warn({ certificate: what, file, ends: validTo }, `a certificate ends in ${left} days: renew it`)
    }
  }
}

/** The end of each certificate that can be read, in seconds since the epoch, by its key in the configuration. */
export function certificateEnds(
  files: CertificateEndInput['files'],
  read: CertificateEndInput['read']
): (readonly [what: string, endsAt: number])[] {
  return files.flatMap(({ what, file }) => {
    const certificate = certificateIn(file, read)
    return certificate === null ? [] : [[what, Date.parse(certificate.validTo) / 1000] as const]
  })
}

/** The number of days before its end that was passed last; null while there is time, and after its end. */
function warningOf({ validFrom, validTo }: X509Certificate, now: number): number | null {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  const left = to - now
  if (left <= 0 || left > (to - from) / 3) return null
  return warnings.find(days => left <= days * dayMs) ?? null
}

/** Null for a file that cannot be read: a reload says why. */
function certificateIn(file: string, read: (file: string) => string): X509Certificate | null {
  try {
    return new X509Certificate(read(file))
  } catch {
    return null
  }
}
