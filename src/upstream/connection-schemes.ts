/**
 * Which ways of signing in tie a person to the connection itself: NTLM, Negotiate and their kin (RFC 4559, MS-NTHT). Owns the reading of
 * credentials and challenges for that one question; checks no credential.
 */

/** Schemes that say who asks with every request (IANA registry, and names in wide use). A connection may carry them for many people. */
const perRequest = new Set([
  ...['basic', 'bearer', 'concealed', 'digest', 'dpop', 'gnap', 'hoba', 'mutual', 'oauth', 'privatetoken', 'vapid'],
  ...['scram-sha-1', 'scram-sha-256', 'aws', 'aws4-hmac-sha256', 'hawk', 'mac', 'signature', 'sharedkey', 'jwt'],
  ...[
    'sharedkeylite',
    'sharedaccesssignature',
    'token',
    'apikey',
    'api-key',
    'key',
    'mediabrowser',
    'acme',
    'googlelogin'
  ]
])

/** What nearly every such line looks like: one known scheme with one opaque word. */
const usual = /^(?:basic|bearer|digest|token) [^\s,"]+$/i
const tied = /ntlm|negotiate|kerberos|spnego/i
/** One that never ends matches too: a search that failed there would begin anew at each quote in it, and 16 kB would take a second. */
const quoted = /"(?:[^"\\]|\\.)*("?)/gs
/** How a part of a comma-separated list begins: a scheme, or the name of a parameter of the scheme before it (RFC 9110 §11.6.1). */
const beginning = /^[\t ]*([^\s=]+)[\t ]*(=?)/

/**
 * True where a value of `Authorization` or `WWW-Authenticate`, or of their `Proxy-` kin, may tie a person to the connection. A scheme that
 * nobody knows counts as tied: the price is a connection of its own, and the other mistake lets a stranger in as somebody else.
 */
export function tiesConnection(value: string): boolean {
  if (usual.test(value)) return false
  const plain = value.replace(quoted, (all, end: string) => (end === '' ? all : ''))
  if (tied.test(plain)) return true
  return plain.split(',').some((part, i) => {
    const [, word, equals] = beginning.exec(part) ?? []
    const isScheme = word !== undefined && (i === 0 || equals === '')
    return isScheme && !perRequest.has(word.toLowerCase())
  })
}

/**
 * True for credentials that can only be the first of NTLM's three legs, alone or inside Negotiate (MS-NLMP §2.2.1.1): whoever gets them
 * answers 401 with a challenge, whatever the body says.
 */
export function isFirstLeg(value: string): boolean {
  const token = /^(?:ntlm|negotiate)[\t ]+([A-Za-z0-9+/=]+)$/i.exec(value)?.[1]
  return token !== undefined && Buffer.from(token, 'base64').includes('NTLMSSP\0\x01\0\0\0', 0, 'latin1')
}
