/** Judges a client certificate by the configured authorities, revocation lists and OCSP. */
import type { X509Certificate } from 'node:crypto'
import { type InstitutionRefusal, refused } from '../institution.ts'
import { chainOf, isInTime } from './chain.ts'
import { DerError } from './der.ts'
import { ocspAddresses, oids } from './fields.ts'
import { type NameField, namesIn } from './names.ts'
import { askOcsp } from './ocsp.ts'
import type { RevocationList } from './revocation-list.ts'

interface CheckerOptions {
  readonly authorities: readonly X509Certificate[]
  readonly lists: readonly RevocationList[] | null
  readonly ocsp: boolean
  readonly name: NameField
}

interface CertificatePerson {
  readonly kind: 'person'
  readonly name: string
  readonly displayName: string | null
  readonly email: string | null
}

const unseen = /[\p{Cc}\p{Cs}]/u

export class CertificateChecker {
  readonly #options: CheckerOptions

  constructor(options: CheckerOptions) {
    this.#options = options
  }

  /** Differs if another certificate may be refused. */
  get mark(): string {
    const { authorities, lists, ocsp, name } = this.#options
    return JSON.stringify([authorities.map(each => each.fingerprint256), lists?.map(each => each.mark), ocsp, name])
  }

  /** `sent`: what the client sent. `now` in milliseconds. Never rejects because of a certificate's content. */
  async check(
    leaf: X509Certificate,
    sent: readonly X509Certificate[],
    now: number
  ): Promise<CertificatePerson | InstitutionRefusal> {
    try {
      if (!isInTime(leaf, now)) return refused('institution_refused', `the certificate ${shown(leaf)} is out of date`)
      const chain = chainOf(leaf, sent, this.#options.authorities, now)
      if (chain === null)
        return refused(
          'institution_answer_invalid',
          `the certificate ${shown(leaf)} does not lead to an authority in 'ca'`
        )
      if (leaf.ca || !(leaf.keyUsage ?? [oids.clientAuth]).includes(oids.clientAuth))
        return refused(
          'institution_answer_invalid',
          `the certificate ${shown(leaf)} is not for signing in (clientAuth)`
        )
      return (await this.#listed(chain, now)) ?? (await this.#asked(chain, now)) ?? this.#person(leaf)
    } catch (error) {
      if (!(error instanceof DerError)) throw error
      return refused('institution_answer_invalid', `the certificate ${shown(leaf)} cannot be read: ${error.message}`)
    }
  }

  /** Null if each authority in the chain has a current list without the certificate below it. */
  async #listed(chain: readonly X509Certificate[], now: number): Promise<InstitutionRefusal | null> {
    const { lists } = this.#options
    if (lists === null) return null
    for (const [index, authority] of chain.slice(1).entries()) {
      const theirs = await listsBy(lists, authority)
      if (theirs.length === 0) return unanswered(`there is no revocation list of ${shown(authority)} in 'crl'`)
      const current = theirs.filter(list => list.isCurrent(now))
      if (current.length === 0)
        return unanswered(
          `the revocation list of ${shown(authority)} is out of date since ${new Date(Math.max(...theirs.map(({ until }) => until))).toISOString()}`
        )
      if (current.some(list => list.holds(chain[index]!)))
        return refused('institution_refused', `the certificate ${shown(chain[index]!)} is revoked`)
    }
    return null
  }

  /** Null if every responder says that its certificate is good. */
  async #asked(chain: readonly X509Certificate[], now: number): Promise<InstitutionRefusal | null> {
    if (!this.#options.ocsp) return null
    for (const [index, issuer] of chain.slice(1).entries()) {
      const certificate = chain[index]!
      const address = ocspAddresses(certificate).find(each => /^https?:\/\//i.test(each))
      if (address === undefined) {
        // An authority of the file, or one on a list, needs no responder.
        if (index > 0 && (this.#options.lists !== null || this.#isConfigured(certificate))) continue
        return unanswered(`the certificate ${shown(certificate)} names no OCSP responder`)
      }
      try {
        const status = await askOcsp({
          certificate,
          issuer,
          address,
          now,
          isRevoked: await this.#revokedBy(issuer)
        })
        if (status !== 'good')
          return refused('institution_refused', `the OCSP responder says that ${shown(certificate)} is ${status}`)
      } catch (error) {
        const { message, cause } = error as Error
        const why = cause instanceof Error ? cause.message : message
        return unanswered(`no answer about ${shown(certificate)} from ${quoted(address)}: ${quoted(why)}`)
      }
    }
    return null
  }

  #isConfigured(certificate: X509Certificate): boolean {
    return this.#options.authorities.some(({ raw }) => raw.equals(certificate.raw))
  }

  async #revokedBy(issuer: X509Certificate): Promise<(certificate: X509Certificate) => boolean> {
    const theirs = await listsBy(this.#options.lists ?? [], issuer)
    return certificate => theirs.some(list => list.holds(certificate))
  }

  #person(leaf: X509Certificate): CertificatePerson | InstitutionRefusal {
    const { name: field } = this.#options
    const names = namesIn(leaf, field)
    const [name] = names
    if (name === undefined) return refused('institution_name_invalid', `the certificate ${shown(leaf)} has no ${field}`)
    if (names.length > 1)
      return refused(
        'institution_name_invalid',
        `the certificate ${shown(leaf)} has ${names.length} values of ${field}`
      )
    if (unseen.test(name))
      return refused('institution_name_invalid', `the ${field} of ${shown(leaf)} has a control character`)
    return {
      kind: 'person',
      name,
      displayName: single(leaf, 'subject.cn'),
      email: single(leaf, 'san.email') ?? single(leaf, 'subject.email')
    }
  }
}

async function listsBy(lists: readonly RevocationList[], authority: X509Certificate): Promise<RevocationList[]> {
  const are = await Promise.all(lists.map(list => list.isBy(authority)))
  return lists.filter((_, index) => are[index])
}

/** Null for none, several, or no text. */
function single(leaf: X509Certificate, field: NameField): string | null {
  try {
    const [value, ...more] = namesIn(leaf, field)
    return value === undefined || more.length > 0 ? null : value
  } catch {
    return null
  }
}

function unanswered(detail: string): InstitutionRefusal {
  return refused('institution_unreachable', detail)
}

/** The certificate in words for the log. */
function shown({ serialNumber, subject }: X509Certificate): string {
  return `${serialNumber.slice(0, 40)} (${quoted(subject.replaceAll('\n', ', '))})`
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200))
}
