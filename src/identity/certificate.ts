/** Client certificates: the browser presents one at the gate's own TLS, from a smart card or its store. */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { timeUnknown } from '../factor/proof.ts'
import { canonicalName } from './account.ts'
import type { Source } from './arrival.ts'
import type { CertificateChecker } from './certificate/checker.ts'
import type { NameField } from './certificate/names.ts'
import {
  type Institution,
  type InstitutionAnswer,
  type ReviewedSession,
  refused,
  type Vouching
} from './institution.ts'

export interface CertificateOptions {
  readonly source: Source
  /** PEM file of the authorities. */
  readonly ca: string
  /** Revocation lists as PEM or DER files; null for none. */
  readonly crl: readonly string[] | null
  readonly ocsp: boolean
  readonly name: NameField
  /** Whether the certificate counts as a second factor, as a card with a PIN does. */
  readonly mfa: boolean
  /** How long a revoked certificate may still give access. */
  readonly refreshSeconds: number
  readonly onTrouble: (sentence: string) => void
  /** What was last read, by the options that it depends on. It serves while a file is unusable. */
  readonly lastRead?: Map<string, CertificateChecker>
}

/** The person's certificate, and no more authorities than a chain may have. */
const maxKept = 9

export interface PresentedCertificate {
  /** OpenSSL's objection, or null, also in a resumed session without a certificate. */
  readonly objection: string | null
  /** A resumed session does not prove possession of the key. */
  readonly isResumed: boolean
  readonly leaf: X509Certificate | null
  /** Further certificates that the browser sent. */
  readonly sent: readonly X509Certificate[]
}

export class CertificateInstitution implements Institution {
  readonly kind = 'certificate'
  readonly asksForMfa = false
  readonly source: Source
  readonly refreshSeconds: number
  readonly #options: CertificateOptions
  readonly #checker: Promise<CertificateChecker | null>

  constructor(options: CertificateOptions) {
    this.source = options.source
    this.refreshSeconds = options.refreshSeconds
    this.#options = options
    this.#checker = load(options).catch((error: Error) => {
      const { source, onTrouble, lastRead } = options
      const before = lastRead?.get(keyOf(options)) ?? null
      onTrouble(
        before === null
          ? `nobody can sign in with a certificate of '${source.id}': ${error.message}`
          : `what was read before stays in use for the certificates of '${source.id}', each revocation list until its end: ${error.message}`
      )
      return before
    })
  }

  /** `now` in milliseconds. */
  async read({ objection, isResumed, leaf, sent }: PresentedCertificate, now: number): Promise<InstitutionAnswer> {
    if (leaf === null) return refused('institution_refused', 'the browser showed no certificate')
    if (isResumed) return refused('institution_answer_invalid', 'the TLS session is a resumed one')
    const checker = await this.#checker
    if (checker === null)
      return refused('institution_unreachable', "the files of 'ca' or 'crl' cannot be used; see the log")
    const person = await checker.check(leaf, sent, now)
    if (person.kind === 'refused') return person
    if (objection !== null)
      return refused('institution_answer_invalid', `TLS does not accept the certificate: ${objection}`)
    const { name, displayName, email } = person
    return {
      kind: 'arrived',
      arrival: {
        externalId: idOf(name),
        name,
        displayName,
        email,
        groups: null,
        mfa: this.#options.mfa ? { at: timeUnknown } : null
      },
      session: { sid: null, hint: hintOf([leaf, ...sent]), endsAt: Date.parse(leaf.validTo) }
    }
  }

  async reviewMark(): Promise<string> {
    return (await this.#checker)?.mark ?? ''
  }

  async review({ hint, externalId }: ReviewedSession, now: number): Promise<Vouching> {
    const [leaf, ...sent] = certificatesOf(hint)
    const checker = await this.#checker
    // Older sessions hold no certificate.
    if (leaf === undefined || checker === null) return 'unknown'
    const person = await checker.check(leaf, sent, now)
    if (person.kind === 'refused') return person.code === 'institution_unreachable' ? 'unknown' : 'gone'
    return idOf(person.name) === externalId ? 'stands' : 'gone'
  }
}

/** The name identifies the person, since a renewed card has another serial number. */
function idOf(name: string): string {
  return canonicalName(name) ?? name
}

/** The certificates for a later review: JSON of DER in base64. */
function hintOf(certificates: readonly X509Certificate[]): string {
  return JSON.stringify(certificates.slice(0, maxKept).map(({ raw }) => raw.toString('base64')))
}

function certificatesOf(hint: string | null): X509Certificate[] {
  return hint === null
    ? []
    : (JSON.parse(hint) as string[]).map(text => new X509Certificate(Buffer.from(text, 'base64')))
}

/** The checker is loaded only if it is configured. */
async function load(options: CertificateOptions): Promise<CertificateChecker> {
  const { ca, crl, ocsp, name, lastRead } = options
  const [{ CertificateChecker }, { readLists }] = await Promise.all([
    import('./certificate/checker.ts'),
    import('./certificate/lists.ts')
  ])
  const authorities = await readAuthorities(ca)
  const lists = crl === null ? null : await readLists(crl)
  const checker = new CertificateChecker({ authorities, lists, ocsp, name })
  lastRead?.set(keyOf(options), checker)
  return checker
}

function keyOf({ ca, crl, ocsp, name }: CertificateOptions): string {
  return JSON.stringify([ca, crl, ocsp, name])
}

/** The certificates of a PEM file. Rejects if it holds none. */
export async function readAuthorities(ca: string): Promise<X509Certificate[]> {
  const authorities = certificatesIn(await readFile(ca, 'latin1'))
  if (authorities.length === 0) throw new Error(`${ca} holds no certificate`)
  return authorities
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(
    /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g
  )
  return (blocks ?? []).map(block => new X509Certificate(block))
}
