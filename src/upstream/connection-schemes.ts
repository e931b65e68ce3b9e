/** Recognises authentication that binds a person to the connection: NTLM, Negotiate and similar (RFC 4559, MS-NTHT). */

/** Schemes that authenticate each request (IANA registry and common others). */
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
/** Also matches an unclosed quote, otherwise 16 kB of quotes would take a second. */
const quoted = /"(?:[^"\\]|\\.)*("?)/gs
/** A list element starts with a scheme, or a parameter of the one before (RFC 9110 §11.6.1). */
const beginning = /^[\t ]*([^\s=]+)[\t ]*(=?)/

/**
 * True if an `Authorization` or `WWW-Authenticate` value (or `Proxy-`) may bind a person to the connection. Unknown
 * schemes count: the opposite error answers strangers as somebody else.
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
 * True for credentials that can only be NTLM's first leg, alone or in Negotiate (MS-NLMP §2.2.1.1): the answer is a
 * 401 challenge whatever the body.
 */
export function isFirstLeg(value: string): boolean {
  const token = /^(?:ntlm|negotiate)[\t ]+([A-Za-z0-9+/=]+)$/i.exec(value)?.[1]
  return token !== undefined && Buffer.from(token, 'base64').includes('NTLMSSP\0\x01\0\0\0', 0, 'latin1')
}
