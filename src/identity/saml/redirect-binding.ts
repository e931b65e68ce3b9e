/** The HTTP-Redirect binding (SAML Bindings §3.4): deflated messages in the query, signed as sent. */
import { type KeyObject, sign } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { rsaSha256 } from './algorithms.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import { isSignature, signatureAlgorithms } from './signature-algorithms.ts'

type MessageKind = 'SAMLRequest' | 'SAMLResponse'

/** A sign-out message has about a kilobyte. */
const maxMessageBytes = 64 * 1024

/** Unsigned if `key` is null. */
export function redirectUrl(
  location: string,
  kind: MessageKind,
  message: string,
  relayState: string | null,
  key: KeyObject | null
): string {
  const pairs: [string, string][] = [[kind, deflateRawSync(message).toString('base64')]]
  if (relayState !== null) pairs.push(['RelayState', relayState])
  if (key !== null) pairs.push(['SigAlg', rsaSha256])
  let query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  if (key !== null)
    query += `&Signature=${encodeURIComponent(sign('sha256', Buffer.from(query), key).toString('base64'))}`
  return `${location}${location.includes('?') ? '&' : '?'}${query}`
}

interface RedirectMessage {
  readonly kind: MessageKind
  /** XML. */
  readonly text: string
  readonly relayState: string | null
  /** Throws SamlRefusal if none of the keys has signed. */
  readonly checkSignature: (keys: readonly KeyObject[]) => void
}

/** Reads the raw query. Throws SamlRefusal. */
export function readRedirect(query: string): RedirectMessage {
  const raw = new Map<string, string>()
  for (const pair of query.split('&')) {
    const [name = '', ...value] = pair.split('=')
    if (raw.has(name)) throw new SamlRefusal(`the message has ${quoted(name)} twice`)
    raw.set(name, value.join('='))
  }
  const kinds = (['SAMLRequest', 'SAMLResponse'] as const).filter(kind => raw.has(kind))
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) throw new SamlRefusal('the address holds no SAML message, or two')
  const value = (name: string) => (raw.has(name) ? decode(raw.get(name)!) : null)
  return {
    kind,
    text: inflated(value(kind)!),
    relayState: value('RelayState'),
    checkSignature: keys => {
      const [algorithm, signature] = [value('SigAlg'), value('Signature')]
      if (algorithm === null || signature === null) throw new SamlRefusal('the message is not signed')
      if (!Object.hasOwn(signatureAlgorithms, algorithm))
        throw new SamlRefusal(`the message is signed with ${quoted(algorithm)}, which is not accepted`)
      const signed = [kind, 'RelayState', 'SigAlg']
        .filter(name => raw.has(name))
        .map(name => `${name}=${raw.get(name)!}`)
      const data = Buffer.from(signed.join('&'))
      const bytes = Buffer.from(signature, 'base64')
      if (!keys.some(key => isSignature(algorithm, data, key, bytes)))
        throw new SamlRefusal('the message was signed with another key than those in the metadata')
    }
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new SamlRefusal('the message is not encoded as a query')
  }
}

function inflated(text: string): string {
  try {
    const bytes = inflateRawSync(Buffer.from(text.replace(/\s+/g, ''), 'base64'), { maxOutputLength: maxMessageBytes })
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SamlRefusal('the message is not deflated, or too long')
  }
}
