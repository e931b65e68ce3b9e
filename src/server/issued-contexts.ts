/** TLS contexts for certificates that change while the gate runs, chosen by the name in the handshake (RFC 6066 §3). */
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

/** PEM: a certificate with its chain, and the private key. A renewed certificate is another object. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

export interface CertificateSource {
  pairFor(name: string): Pair | null
  /** True for a host of the gate that has no certificate yet. */
  lacks(name: string): boolean
  /** For clients that name no host, or an unknown one. Null without any certificate. */
  readonly main: Pair | null
  onChange(listener: () => void): void
}

/** Proves a host to an authority with tls-alpn-01 (RFC 8737). */
export interface TlsChallenges {
  /** An authority may connect now. */
  readonly isAwaitingTls: boolean
  pairFor(name: string): Promise<Pair | null>
}

export interface IssuedTls {
  readonly source: CertificateSource
  /** Null where names are proved in another way. */
  readonly challenges: TlsChallenges | null
  /** PEM files of authorities for client certificates. */
  readonly clientAuthorities?: readonly string[]
}

export class IssuedContexts {
  readonly #source: CertificateSource
  readonly #optionsFor: (pair: Pair) => SecureContextOptions
  #contexts = new WeakMap<Pair, SecureContext>()

  constructor(source: CertificateSource, optionsFor: (pair: Pair) => SecureContextOptions) {
    this.#source = source
    this.#optionsFor = optionsFor
  }

  /**
   * Undefined for a foreign host, which gets the main certificate. Throws for a host without one, so that the handshake fails: another host's certificate would
   * make people click a warning away.
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

  forget(): void {
    this.#contexts = new WeakMap()
  }
}
