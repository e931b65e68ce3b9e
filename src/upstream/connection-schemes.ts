/** Recognises authentication that belongs to a connection: NTLM, Negotiate and similar (RFC 4559, MS-NTHT). */

/** These authenticate each request (IANA registry and common others). */
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

const usual = /^(?:basic|bearer|digest|token) [^\s,"]+$/i
const tied = /ntlm|negotiate|kerberos|spnego/i
/** An unclosed quote matches too, otherwise 16 kB of quotes would take a second. */
const quoted = /"(?:[^"\\]|\\.)*("?)/gs
/** A list element begins with a scheme, or with a parameter of the scheme before it (RFC 9110 §11.6.1). */
const beginning = /^[\t ]*([^\s=]+)[\t ]*(=?)/

/**
 * `value` is that of `Authorization`, `WWW-Authenticate` or their `Proxy-` forms. True if it may authenticate the connection; unknown schemes count, otherwise
 * another client could be answered as this person.
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

/** NTLM's first leg, alone or in Negotiate (MS-NLMP §2.2.1.1), is always answered with a challenge. */
export function isFirstLeg(value: string): boolean {
  const token = /^(?:ntlm|negotiate)[\t ]+([A-Za-z0-9+/=]+)$/i.exec(value)?.[1]
  return token !== undefined && Buffer.from(token, 'base64').includes('NTLMSSP\0\x01\0\0\0', 0, 'latin1')
}
