/** Verifies upstream certificates: by chain and name, by fingerprint, or not at all. */
import { isIP } from 'node:net'
import tls, { type PeerCertificate, type SecureContext, type TLSSocket } from 'node:tls'
import type { UpstreamError } from './connection.ts'
import { TlsResponseError } from './response-lines.ts'

export interface UpstreamTls {
  /** PEM. */
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
  /** It replaces the upstream's host in SNI and in the certificate. */
  readonly serverName: string | null
  /** SHA-256, 64 hex digits each; null if none is pinned. */
  readonly fingerprints: readonly string[] | null
  readonly unsafeAnyCertificate: boolean
}

export class Trust {
  readonly #tls: UpstreamTls | null
  readonly #name: string
  readonly #context: SecureContext | undefined

  /** Throws OpenSSL's error for unusable files. */
  constructor(given: UpstreamTls | null, hostname: string) {
    this.#tls = given
    this.#name = given?.serverName ?? hostname
    if (given === null || (given.ca === null && given.cert === null)) return
    this.#context = tls.createSecureContext({
      ...(given.ca === null ? {} : { ca: given.ca, allowPartialTrustChain: true }),
      ...(given.cert === null ? {} : { cert: given.cert, key: given.key as string })
    })
  }

  /** False with pins, because a resumed session shows no certificate to compare. */
  get resumes(): boolean {
    return this.#tls === null || (this.#tls.fingerprints === null && !this.#tls.unsafeAnyCertificate)
  }

  get options(): tls.ConnectionOptions {
    const name = this.#name
    return {
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(this.#context === undefined ? {} : { secureContext: this.#context }),
      // The Host header does not count.
      checkServerIdentity: (_host: string, certificate: PeerCertificate) => tls.checkServerIdentity(name, certificate),
      rejectUnauthorized: this.#checksChain
    }
  }

  /** Null for a pinned certificate, or without pins. */
  refusal(socket: TLSSocket): Error | null {
    const pinned = this.#tls?.fingerprints ?? null
    if (pinned === null) return null
    const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
    if (shown !== undefined && pinned.includes(shown)) return null
    const error = new Error(`the app shows the certificate sha256:${shown ?? '(none)'}, which is not the pinned one`)
    return Object.assign(error, { code: pinMissed })
  }

  get #checksChain(): boolean {
    if (this.#tls === null) return true
    return !this.#tls.unsafeAnyCertificate && (this.#tls.fingerprints === null || this.#tls.ca !== null)
  }
}

const pinMissed = 'FACTORGATE_PIN_MISSED'

const sentences: Readonly<Record<string, readonly [key: string, why: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['fingerprint', 'its certificate is signed by itself: pin it, or give it as `ca`'],
  SELF_SIGNED_CERT_IN_CHAIN: ['ca', 'its certificate comes from an authority that is not trusted: give that authority'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'ca',
    'its certificate comes from an authority that is not known: give that authority'
  ],
  UNABLE_TO_GET_ISSUER_CERT: ['ca', 'the chain of its certificate is not whole: give the authorities that are missing'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'ca',
    'its certificate comes from an authority that is not known: give that authority'
  ],
  INVALID_CA: ['fingerprint', 'what vouches for its certificate is no authority: pin the certificate'],
  CERT_HAS_EXPIRED: ['fingerprint', 'its certificate has expired: renew it there, or pin it'],
  CERT_NOT_YET_VALID: ['fingerprint', 'its certificate is not valid yet: are both clocks right?'],
  CERT_SIGNATURE_FAILURE: ['ca', 'the signature of its certificate is wrong'],
  CERT_UNTRUSTED: ['ca', 'its certificate is not trusted for servers'],
  INVALID_PURPOSE: ['fingerprint', 'its certificate is not made for servers: pin it'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['serverName', 'its certificate names another host: say which'],
  ERR_TLS_CERT_ALTNAME_FORMAT: ['fingerprint', 'the names in its certificate cannot be read: pin it'],
  [pinMissed]: ['fingerprint', 'its certificate is not the pinned one: if it was renewed there, pin the new one'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['', 'it does not speak TLS: should the upstream begin with http?'],
  ERR_SSL_UNSUPPORTED_PROTOCOL: ['', 'it speaks no version of TLS that is still safe']
}

/** `wrong version number` for `write EPROTO 80FC…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:…`. */
function reasonIn(message: string): string {
  return /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1] ?? message
}

/** Null for other errors than those of TLS. `at` is the configuration path, such as `apps[0].tls`. */
export function certificateTrouble(error: UpstreamError, appId: string, at: string): string | null {
  const { code = '', message: raw = '' } = (error.cause ?? {}) as { code?: string; message?: string }
  const message = reasonIn(raw)
  const known = Object.hasOwn(sentences, code) ? sentences[code] : undefined
  if (known !== undefined) {
    const [key, why] = known
    return `app '${appId}': ${why} (${key === '' ? at.replace(/tls$/, 'upstream') : `${at}.${key}`}); ${message}`
  }
  if (
    /ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|HANDSHAKE_FAILURE|CERTIFICATE_EXPIRED)/.test(
      code
    )
  )
    return `app '${appId}': it refuses the gate's certificate, or asks for one that is not given (${at}.cert, ${at}.key); ${message}`
  // Since TLS 1.3 a server rejects a client certificate after the handshake, often silently.
  if (code === '' && (error.failure === 'connection_closed' || error.failure === 'connect_failed'))
    return `app '${appId}': it closed the connection without an answer; if it asks for a certificate, give one (${at}.cert, ${at}.key)`
  return null
}

/** Advice where an upstream that begins with http may speak TLS; null for other errors. */
export function plainTrouble({ failure, message, cause }: UpstreamError, appId: string, at: string): string | null {
  const key = at.replace(/tls$/, 'upstream')
  if (cause instanceof TlsResponseError)
    return `app '${appId}': it speaks TLS, and the upstream begins with http: write https (${key})`
  // Many servers of TLS end a connection that begins with plain HTTP, and say nothing.
  return failure === 'connection_closed'
    ? `app '${appId}': it closed the connection without an answer; if it speaks TLS, the upstream must begin with https (${key}); ${message}`
    : null
}
