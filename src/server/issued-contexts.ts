/** TLS contexts for certificates that change while the gate runs: one for each host, chosen by the name in the handshake (RFC 6066 §3). */
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

/** A certificate with its chain, and the private key, as PEM. A renewed certificate is another object. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** The certificates of the hosts that the gate serves. */
export interface CertificateSource {
  pairFor(name: string): Pair | null
  /** True for a host of ours that has no certificate yet. */
  lacks(name: string): boolean
  /** The certificate for clients that name no host, or an unknown one. Null while there is no certificate at all. */
  readonly main: Pair | null
  onChange(listener: () => void): void
}

/** What the gate shows to an authority that proves a host of ours with tls-alpn-01 (RFC 8737). */
export interface TlsChallenges {
  /** True while an authority may connect for such a proof. */
  readonly isAwaitingTls: boolean
  /** Null if nobody waits for this name. */
  pairFor(name: string): Promise<Pair | null>
}

export interface IssuedTls {
  readonly source: CertificateSource
  /** Null where names are proved in another way. */
  readonly challenges: TlsChallenges | null
  /** PEM files of authorities whose client certificates the listener asks for. Default: none. */
  readonly clientAuthorities?: readonly string[]
}

export class IssuedContexts {
  readonly #source: CertificateSource
  readonly #optionsFor: (pair: Pair) => SecureContextOptions
  #contexts = new WeakMap<Pair, SecureContext>()

  /** `optionsFor` adds what all contexts have in common. */
  constructor(source: CertificateSource, optionsFor: (pair: Pair) => SecureContextOptions) {
    this.#source = source
    this.#optionsFor = optionsFor
  }

  /**
   * The context of a host; undefined for one that is not ours, which gets the main certificate. Throws for a host without a certificate, so that the
   * handshake fails: a certificate for another host would make people click a warning away.
   */
  for(name: string): SecureContext | undefined {
    const pair = this.#source.pairFor(name)
    if (pair === null) {
      if (this.#source.lacks(name)) throw new Error(`there is no certificate for ${name} yet`)
      return undefined
    }
    const known = this.#contexts.get(pair)
    if (known !== undefined) return known
    const made = createSecureContext(this.#optionsFor(pair))
    this.#contexts.set(pair, made)
    return made
  }

  /** Forgets all contexts after a change of their common options. */
  forget(): void {
    this.#contexts = new WeakMap()
  }
}
